import { createHash } from 'node:crypto';
import { hasCode, type ObjectInfo } from '../../src/index.ts';
import { type ObjectCache, sealBytes } from '../../src/network.ts';
import { blobKey, bodyKey, cachePrefixes } from '../cache/cache-paths.ts';
import { decodePackumentRecord } from '../documents/packument-record.ts';
import { decodeIndex } from '../packument/index-format.ts';
import { decodeTarballRecord } from '../tarballs/tarball-record.ts';
import { subjectsOf } from './subject-of-key.ts';

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
  /** The package and what of it; null where nothing tells. */
  readonly subject: string | null;
  readonly problem: string;
}

export interface VerifyOptions {
  readonly damage: 'report' | 'remove';
  readonly signal: AbortSignal;
}

/**
 * Reads all that is kept: tarballs and packuments are held against the digests they are named by, what was made of them
 * against its seal, what was found in them is decoded, records are parsed. What is damaged is fetched or made anew once it is
 * removed.
 */
export async function verifyCache(
  cache: ObjectCache,
  { damage, signal }: VerifyOptions,
): Promise<VerifySummary> {
  const problems = new Map<string, string>();
  const sums = { records: 0, objects: 0, bytes: 0, evicted: 0 };
  for await (const info of cache.objects.list('')) {
    signal.throwIfAborted();
    const { key, sizeBytes } = info;
    if (!cachePrefixes.some((prefix) => key.startsWith(prefix))) continue;
    const isRecord = key.startsWith('records/');
    sums[isRecord ? 'records' : 'objects'] += 1;
    sums.bytes += sizeBytes;
    const verdict = isRecord
      ? await checkRecord(cache, key)
      : await checkObject(cache, info, signal);
    if (verdict === 'evicted') sums.evicted += 1;
    else if (verdict !== null) problems.set(key, verdict);
  }
  const subjects = await subjectsOf(cache, new Set(problems.keys()));
  if (damage === 'remove') for (const key of problems.keys()) await cache.remove(key);
  const damaged = [...problems].map(([key, problem]) => ({
    key,
    subject: subjects.get(key) ?? null,
    problem,
  }));
  return { ...sums, damaged };
}

/** What is wrong with a record; null for nothing. */
async function checkRecord(cache: ObjectCache, key: string): Promise<string | null> {
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

/** What is wrong with an object; null for nothing, and for one that was evicted meanwhile. */
async function checkObject(
  cache: ObjectCache,
  info: ObjectInfo,
  signal: AbortSignal,
): Promise<string | null> {
  const { key } = info;
  try {
    if (key.startsWith('indexes/')) return await checkIndex(cache, key);
    if (key.startsWith('variants/')) return await checkSeal(cache, info, signal);
    const algorithm = key.startsWith('blobs/') ? 'sha512' : 'sha256';
    const hex = (await digestOf(cache, { key, algorithm, signal })).toString('hex');
    return key.endsWith(hex) ? null : `its bytes have the ${algorithm} ${hex}`;
  } catch (error) {
    if (hasCode(error, 'object_missing')) return null;
    throw error;
  }
}

async function checkIndex({ objects }: ObjectCache, key: string): Promise<string | null> {
  try {
    decodeIndex(await objects.get(key));
    return null;
  } catch (error) {
    if (hasCode(error, 'packument_index_corrupt')) return error.message;
    throw error;
  }
}

async function checkSeal(
  cache: ObjectCache,
  { key, sizeBytes }: ObjectInfo,
  signal: AbortSignal,
): Promise<string | null> {
  const lengthBytes = sizeBytes - sealBytes;
  if (lengthBytes < 0) return 'ends too early';
  const found = await digestOf(cache, { key, algorithm: 'sha256', lengthBytes, signal });
  const seal = await cache.objects.getRange(key, lengthBytes, sealBytes);
  return found.equals(seal) ? null : 'has other bytes than its seal says';
}

async function digestOf(
  { objects }: ObjectCache,
  {
    key,
    algorithm,
    ...range
  }: {
    readonly key: string;
    readonly algorithm: 'sha256' | 'sha512';
    readonly lengthBytes?: number;
    readonly signal: AbortSignal;
  },
): Promise<Buffer> {
  const hash = createHash(algorithm);
  await using read = await objects.openRead(key, range);
  for await (const piece of read) hash.update(piece);
  return hash.digest();
}
