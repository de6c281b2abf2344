import { AshlarError } from '../errors/ashlar-error.ts';
import type { ObjectCache, StoreOutcome, WholeBody } from './object-cache.ts';
import { maxHotObjectBytes, type ObjectParts } from './read-objects.ts';
import { sealed } from './seal.ts';

/** Keeping things: who has them already does not fail because they cannot be kept. */
export function createObjectWriter(
  parts: ObjectParts,
): Pick<ObjectCache, 'store' | 'keepRecord' | 'writeRecord'> {
  const { objects, hot, isSealed } = parts;
  const keepRecord: ObjectCache['keepRecord'] = async (key, record, refersTo = []) => {
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
    return put(parts, { key, sizeBytes: bytes.length, refersTo }, async () => {
      await objects.replace(key, bytes);
      return 'created';
    });
  };
  return {
    keepRecord,
    async writeRecord(key, record, refersTo) {
      await keepRecord(key, record, refersTo);
    },
    async store(key, given) {
      const body = isSealed(key) ? withSeal(given) : given;
      const sizeBytes = body.kind === 'memory' ? body.bytes.length : body.sizeBytes;
      const outcome = await put(parts, { key, sizeBytes, refersTo: [] }, async () => {
        // What is there already would stay.
        if (parts.faults.isSuspect(key)) await objects.delete(key);
        return body.kind === 'memory'
          ? objects.put(key, body.bytes)
          : objects.putFile(key, body.path, { file: 'given' });
      });
      const isHot = sizeBytes <= maxHotObjectBytes || outcome.kind === 'not-kept';
      if (given.kind === 'memory' && isHot) hot.set(key, given.bytes);
      if (outcome.kind === 'kept' && !isHot) await proveStored(parts, key);
      return outcome;
    },
  };
}

/** Who stores something has verified it. */
async function proveStored({ objects, faults, proven }: ObjectParts, key: string): Promise<void> {
  const info = await faults.orNull(key, () => objects.head(key));
  if (info !== null) proven.add(info);
}

interface Entry {
  readonly key: string;
  readonly sizeBytes: number;
  readonly refersTo: readonly string[];
}

async function put(
  { usage, faults }: ObjectParts,
  entry: Entry,
  write: () => Promise<'created' | 'exists'>,
): Promise<StoreOutcome> {
  try {
    const outcome = await usage.put(entry, write);
    if (outcome === 'no-room')
      throw new AshlarError('store_full', `no room could be made for ${entry.key}`);
  } catch (error) {
    return { kind: 'not-kept', because: faults.accept(entry.key, error) };
  }
  faults.settled(entry.key);
  return { kind: 'kept' };
}

/** Only what was made here is sealed, and that is made in memory. */
function withSeal(body: WholeBody): WholeBody {
  if (body.kind === 'file') throw new TypeError('what is sealed comes from memory');
  return { kind: 'memory', bytes: sealed(body.bytes) };
}
