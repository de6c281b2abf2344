import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ObjectCache, StoredObject } from '../../src/network.ts';
import { bodyKey } from '../cache/cache-paths.ts';

const sliceBytes = 64 * 1024;

/** The bytes of a packument as upstream has it, as gzip, held against their digest; null when they are gone. */
export function findBody(cache: ObjectCache, body: string): Promise<StoredObject | null> {
  return cache.find(bodyKey(body), { digest: { algorithm: 'sha256', hex: body } });
}

/** Begins when it is read: of what is sent as a head alone nothing is decompressed. */
export async function* decompressed(
  cache: ObjectCache,
  gzip: StoredObject,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const plain = createGunzip({ chunkSize: sliceBytes });
  const fed = pipeline(cache.pieces(gzip, signal), plain, { signal });
  // Errors reach the reader of `plain`.
  fed.catch(() => {});
  yield* plain;
}
