import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { hasCode, systemErrorCode } from '../../src/index.ts';
import type { StoredObject } from '../../src/network.ts';
import { bodyKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { Edit } from '../packument/edits.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';
import { splice } from '../packument/splice.ts';
import { decompressed, findBody } from './stored-body.ts';

export interface Making {
  /** Where the outcome is kept. */
  readonly key: string;
  readonly body: string;
  readonly edits: readonly Edit[];
  readonly index: PackumentIndex;
}

type MakingContext = Pick<FetchContext, 'cache' | 'heavyWork' | 'signal'>;

const makeTimeoutMs = 60_000;

/** Carries out edits on a packument and keeps the outcome, as gzip; a few at a time. False when its bytes are gone. */
export async function makeVariant(context: MakingContext, making: Making): Promise<boolean> {
  const { cache, heavyWork } = context;
  const source = await findBody(cache, making.body);
  if (source === null) return false;
  const made = Promise.withResolvers<void>();
  await heavyWork.enter(() => compress(context, making, source).then(made.resolve, made.reject));
  try {
    await made.promise;
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    await cache.drop(bodyKey(making.body));
    return false;
  }
}

async function compress(
  { cache, signal: ended }: MakingContext,
  { key, edits, index }: Making,
  source: StoredObject,
): Promise<void> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(makeTimeoutMs)]);
  const pieces: Buffer[] = [];
  await pipeline(
    decompressed(cache, source, signal),
    splice(edits, index.sizeBytes),
    createGzip(),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const piece of compressed) pieces.push(piece);
    },
    { signal },
  );
  await cache.store(key, { kind: 'memory', bytes: Buffer.concat(pieces) });
}

/** Decompressing may stumble over what is damaged before the cache does. */
function isDamage(error: unknown): boolean {
  const isStumble = systemErrorCode(error)?.startsWith('Z_') === true;
  return isStumble || hasCode(error, 'cache_damaged');
}
