import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { bodyKey, variantKey } from '../cache/cache-paths.ts';
import type { ExpectedObject, StoredObject } from '../cache/mirror-cache.ts';
import { createRecentMap } from '../cache/recent-map.ts';
import type { FetchContext } from '../fetch-context.ts';
import { type Edit, mergeEdits } from '../packument/edits.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';
import { moveBetweenBases, tarballEdits } from '../packument/rewrite-tarballs.ts';
import { splice } from '../packument/splice.ts';
import type { Registry } from '../registries/registry.ts';
import type { Indexes } from './indexes.ts';
import type { PackumentRecord } from './packument-record.ts';

/** A packument as one client is to see it: as gzip, and a name for these very bytes. */
export interface PackumentVariant {
  readonly object: StoredObject;
  readonly tag: string;
}

export interface VariantWish {
  readonly registry: Registry;
  /** Where the client is to find the registry's tarballs: scheme, host and perhaps a path, without a slash at the end. */
  readonly base: string;
  /** What policy takes out. `name` is different for each outcome. */
  readonly cuts: PolicyCuts | null;
}

export interface PolicyCuts {
  readonly name: string;
  edits(index: PackumentIndex): readonly Edit[];
}

export interface PackumentVariants {
  /**
   * The packument as is wished. The bytes of upstream where they are that already; else they are made once and kept. Null
   * when the packument's bytes are gone from the cache.
   */
  find(record: PackumentRecord, wish: VariantWish): Promise<PackumentVariant | null>;
}

const keptDecisions = 50_000;
const makeTimeoutMs = 60_000;

export function createPackumentVariants(
  context: FetchContext,
  indexes: Indexes,
): PackumentVariants {
  const { cache } = context;
  /** Keys of objects, by what was wished. */
  const decided = createRecentMap<string>(keptDecisions);
  const underWay = new Map<string, Promise<string | null>>();
  const decide = async (
    question: string,
    { body, wish }: { body: string; wish: VariantWish },
  ): Promise<string | null> => {
    const index = await indexes.find(body);
    if (index === null) return null;
    const edits = editsFor(index, wish);
    if (edits.length === 0) return bodyKey(body);
    const key = variantKey(createHash('sha256').update(question).digest('hex'));
    if (await cache.has([key])) return key;
    return (await make(context, { key, body, edits, index })) ? key : null;
  };
  const decideOnce = (
    question: string,
    asked: { body: string; wish: VariantWish },
  ): Promise<string | null> => {
    const running = underWay.get(question);
    if (running !== undefined) return running;
    const run = decide(question, asked).finally(() => underWay.delete(question));
    underWay.set(question, run);
    return run;
  };
  return {
    async find({ body }, wish) {
      const question = `${body} ${wish.base} ${wish.registry.name} ${wish.cuts?.name ?? ''}`;
      const key = decided.get(question) ?? (await decideOnce(question, { body, wish }));
      const isBody = key === bodyKey(body);
      const object = key === null ? null : await cache.find(key, isBody ? bodyDigest(body) : {});
      if (key === null || object === null) {
        decided.delete(question);
        return null;
      }
      decided.set(question, key);
      return { object, tag: key.slice(-40) };
    },
  };
}

/** Moves the registry's own tarballs; those of other hosts stay where they are. */
function editsFor(index: PackumentIndex, { registry, base, cuts }: VariantWish): Edit[] {
  const from = [...registry.hosts.map((host) => new URL(`https://${host}`)), ...registry.upstreams];
  const moves = tarballEdits(index, moveBetweenBases({ from, to: new URL(base) }));
  return cuts === null ? moves : mergeEdits(cuts.edits(index), moves);
}

interface Making {
  readonly key: string;
  readonly body: string;
  readonly edits: readonly Edit[];
  readonly index: PackumentIndex;
}

function bodyDigest(body: string): ExpectedObject {
  return { digest: { algorithm: 'sha256', hex: body } };
}

/** Decompressing may stumble over what is damaged before the cache does. */
function isDamage(error: unknown): boolean {
  const isStumble = systemErrorCode(error)?.startsWith('Z_') === true;
  return isStumble || (error instanceof AshlarError && error.code === 'cache_damaged');
}

/** False when the bytes are gone. */
async function make(
  { cache, heavyWork }: FetchContext,
  { key, body, edits, index }: Making,
): Promise<boolean> {
  const source = await cache.find(bodyKey(body), bodyDigest(body));
  if (source === null) return false;
  const made = Promise.withResolvers<void>();
  await heavyWork.enter(() => compress(source).then(made.resolve, made.reject));
  try {
    await made.promise;
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    await cache.drop(bodyKey(body));
    return false;
  }

  async function compress(stored: StoredObject): Promise<void> {
    const pieces: Buffer[] = [];
    await pipeline(
      cache.pieces(stored, AbortSignal.timeout(makeTimeoutMs)),
      createGunzip({ chunkSize: 64 * 1024 }),
      splice(edits, index.sizeBytes),
      createGzip(),
      async (compressed: AsyncIterable<Buffer>) => {
        for await (const piece of compressed) pieces.push(piece);
      },
    );
    await cache.store(key, { kind: 'memory', bytes: Buffer.concat(pieces) });
  }
}
