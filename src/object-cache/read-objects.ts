import { createHash } from 'node:crypto';
import { hasCode } from '../errors/has-code.ts';
import type { RecentMap } from '../flow/recent-map.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { heldAgainst } from './held-against.ts';
import type { ExpectedDigest, ExpectedObject, ObjectCache, StoredObject } from './object-cache.ts';
import type { ObjectUsage } from './object-usage.ts';
import type { ProvenObjects } from './proven-objects.ts';
import { sealBytes, unsealed } from './seal.ts';
import type { StoreFaults } from './store-faults.ts';

/** Objects up to this size are read whole and kept in memory. */
export const maxHotObjectBytes = 1024 * 1024;

export interface ObjectParts {
  readonly objects: ObjectStore;
  readonly usage: ObjectUsage;
  readonly hot: RecentMap<Buffer>;
  readonly proven: ProvenObjects;
  readonly faults: StoreFaults;
  readonly drop: (key: string) => Promise<void>;
  readonly isSealed: (key: string) => boolean;
}

/** Reading what is named by its content or by what it was made of. What is damaged, or cannot be read, is not there. */
export function createObjectReader(
  parts: ObjectParts,
): Pick<ObjectCache, 'find' | 'read' | 'has' | 'pieces'> {
  const { objects, usage, hot, proven, faults, drop } = parts;
  return {
    async find(key, expected = {}) {
      usage.used(key);
      const known = hot.get(key);
      if (known !== undefined) return { kind: 'bytes', bytes: known };
      return faults.orNull(key, () => open(parts, key, expected));
    },
    async read(key, expected = {}) {
      usage.used(key);
      return hot.get(key) ?? faults.orNull(key, () => readWhole(parts, key, expected));
    },
    async has(keys) {
      const found = keys.map(
        async (key) => hot.get(key) !== undefined || (await isThere(parts, key)),
      );
      return (await Promise.all(found)).every((each) => each);
    },
    async *pieces(object, signal, range) {
      if (object.kind === 'bytes') {
        yield object.bytes.subarray(range?.start, range?.end);
        return;
      }
      const { key, digest, sizeBytes } = object;
      const { start, end } = range ?? { start: 0, end: sizeBytes };
      const isWhole = start === 0 && end === sizeBytes;
      const at = { offset: start, lengthBytes: end - start, signal };
      try {
        await using read = await objects.openRead(key, at);
        if (digest === undefined || !isWhole || proven.has(object)) yield* read;
        else {
          yield* heldAgainst(read, digest, async (problem) => {
            await drop(key);
            return faults.damaged(key, problem);
          });
          proven.add(object);
        }
      } catch (error) {
        // Bytes were given out already: this answer breaks off, and the next one is made without the object.
        throw faults.accept(key, error);
      }
    },
  };
}

async function open(
  parts: ObjectParts,
  key: string,
  expected: ExpectedObject,
): Promise<StoredObject | null> {
  const { digest } = expected;
  const info = expected.sizeBytes === undefined ? await infoOf(parts, key) : null;
  const sizeBytes = expected.sizeBytes ?? info?.sizeBytes;
  if (sizeBytes === undefined) return null;
  if (sizeBytes > maxHotObjectBytes) {
    const found = info ?? (await infoOfSize(parts, key, sizeBytes));
    return found === null ? null : stored(parts, found, digest);
  }
  const bytes = await readWhole(parts, key, expected);
  if (bytes === null) return null;
  parts.hot.set(key, bytes);
  return { kind: 'bytes', bytes };
}

/** Null where it is not there, or has another size. Who stated that may be wrong: it goes when there is another to replace it. */
async function infoOfSize(
  parts: ObjectParts,
  key: string,
  sizeBytes: number,
): Promise<ObjectInfo | null> {
  const info = await infoOf(parts, key);
  if (info === null || info.sizeBytes === sizeBytes) return info;
  parts.faults.damaged(key, `has ${info.sizeBytes} bytes, not ${sizeBytes}`);
  return null;
}

async function stored(
  { objects, faults, isSealed }: ObjectParts,
  { key, sizeBytes, modifiedMs }: ObjectInfo,
  digest: ExpectedDigest | undefined,
): Promise<StoredObject | null> {
  if (faults.isBroken(key)) return null;
  const found = { kind: 'stored', key, modifiedMs } as const;
  if (!isSealed(key)) return { ...found, sizeBytes, digest };
  const plainBytes = sizeBytes - sealBytes;
  const hex = (await objects.getRange(key, plainBytes, sealBytes)).toString('hex');
  return { ...found, sizeBytes: plainBytes, digest: { algorithm: 'sha256', hex } };
}

async function readWhole(
  { objects, faults, drop, isSealed }: ObjectParts,
  key: string,
  expected: ExpectedObject,
): Promise<Buffer | null> {
  const object = await ifThere(() => objects.get(key));
  if (object === null) return null;
  const bytes = isSealed(key) ? unsealed(object) : object;
  if (bytes === null || !hasDigest(bytes, expected.digest)) {
    faults.damaged(key, 'has other bytes than were stored');
    await drop(key);
    return null;
  }
  const { sizeBytes = bytes.length } = expected;
  if (bytes.length === sizeBytes) return bytes;
  // One that has its digest is right, and the size was not.
  if (expected.digest === undefined)
    faults.damaged(key, `has ${bytes.length} bytes, not ${sizeBytes}`);
  return null;
}

function hasDigest(bytes: Buffer, digest: ExpectedDigest | undefined): boolean {
  if (digest === undefined) return true;
  return createHash(digest.algorithm).update(bytes).digest('hex') === digest.hex;
}

async function infoOf({ objects, faults }: ObjectParts, key: string): Promise<ObjectInfo | null> {
  return faults.orNull(key, () => objects.head(key));
}

async function isThere(parts: ObjectParts, key: string): Promise<boolean> {
  const sizeBytes = (await infoOf(parts, key))?.sizeBytes ?? null;
  // Nothing is stored without bytes: a power failure may leave such a file.
  if (sizeBytes === 0) parts.faults.damaged(key, 'is empty');
  return sizeBytes !== null && sizeBytes > 0;
}

/** Null also for what stands in the place of an object and cannot be one. */
export async function ifThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'object_missing', 'object_too_large', 'object_not_a_file')) return null;
    throw error;
  }
}
