import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { blobKey, bodyKey } from '../cache/cache-paths.ts';
import type { MirrorCache } from '../cache/mirror-cache.ts';
import { decodePackumentRecord } from '../documents/packument-record.ts';
import { decodeTarballRecord } from '../tarballs/tarball-record.ts';

export interface VerifySummary {
  readonly records: number;
  readonly objects: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedObject[];
  /** Records whose object was evicted: it is fetched again when it is asked for. */
  readonly evicted: number;
}

export interface DamagedObject {
  readonly key: string;
  readonly problem: string;
}

export interface VerifyOptions {
  readonly damage: 'report' | 'remove';
  readonly signal: AbortSignal;
}

/**
 * Reads all that is kept: tarballs and packuments are held against the digests they are named by, what was made of them is
 * decompressed, records are parsed. What is damaged is fetched or made anew once it is removed.
 */
export async function verifyCache(
  cache: MirrorCache,
  { damage, signal }: VerifyOptions,
): Promise<VerifySummary> {
  const damaged: DamagedObject[] = [];
  const sums = { records: 0, objects: 0, bytes: 0, evicted: 0 };
  for await (const { key, sizeBytes } of cache.objects.list('')) {
    signal.throwIfAborted();
    const isRecord = key.startsWith('records/');
    if (!isRecord && !/^(blobs|bodies|variants|indexes)\//.test(key)) continue;
    sums[isRecord ? 'records' : 'objects'] += 1;
    sums.bytes += sizeBytes;
    const verdict = isRecord
      ? await checkRecord(cache, key)
      : await checkObject(cache, { key, signal });
    if (verdict === 'evicted') sums.evicted += 1;
    else if (verdict !== null) damaged.push({ key, problem: verdict });
  }
  if (damage === 'remove') for (const { key } of damaged) await cache.drop(key);
  return { ...sums, damaged };
}

/** What is wrong with a record; null for nothing. */
async function checkRecord(cache: MirrorCache, key: string): Promise<string | null> {
  const value = await cache.peekRecord(key);
  if (value === null) {
    // A mirror that runs may have evicted it since it was listed.
    return (await cache.objects.head(key)) === null ? null : 'is no JSON document';
  }
  if (key.includes('/documents/')) return null;
  const isTarball = key.includes('/tarballs/');
  const tarball = isTarball ? decodeTarballRecord(value) : null;
  const packument = isTarball ? null : decodePackumentRecord(value);
  const target =
    tarball === null
      ? packument === null
        ? null
        : bodyKey(packument.body)
      : blobKey(tarball.sha512);
  if (target === null) return 'is no record that this version of Ashlar writes';
  return (await cache.objects.head(target)) === null ? 'evicted' : null;
}

async function checkObject(
  { objects }: MirrorCache,
  { key, signal }: { key: string; signal: AbortSignal },
): Promise<string | null> {
  const algorithm = key.startsWith('blobs/') ? 'sha512' : 'sha256';
  const isNamedByContent = key.startsWith('blobs/') || key.startsWith('bodies/');
  try {
    await using read = await objects.openRead(key, { signal });
    if (!isNamedByContent) {
      if (key.startsWith('variants/')) await drain(read);
      return null;
    }
    const hash = createHash(algorithm);
    for await (const piece of read) hash.update(piece);
    const hex = hash.digest('hex');
    return key.endsWith(hex) ? null : `its bytes have the ${algorithm} ${hex}`;
  } catch (error) {
    if (systemErrorCode(error)?.startsWith('Z_') === true) return 'is no whole gzip stream';
    if (error instanceof AshlarError && error.code === 'object_missing') return null;
    throw error;
  }
}

async function drain(compressed: AsyncIterable<Buffer>): Promise<void> {
  await pipeline(compressed, createGunzip(), async (plain: AsyncIterable<Buffer>) => {
    const pieces = plain[Symbol.asyncIterator]();
    while ((await pieces.next()).done !== true);
  });
}
