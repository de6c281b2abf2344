import { createHash } from 'node:crypto';
import { hasCode } from '../../src/index.ts';
import { isOciDigest, type ObjectCache } from '../../src/network.ts';
import { decodeGrant } from '../access/grant-record.ts';
import { decodeReferrers } from '../lists/referrers.ts';
import { decodeTagList } from '../lists/tag-lists.ts';
import { decodeTag } from '../manifests/tags.ts';
import { cachePrefixes } from '../store/cache-keys.ts';
import { decodeLink } from '../store/links.ts';

export interface VerifySummary {
  readonly records: number;
  readonly objects: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedObject[];
}

export interface DamagedObject {
  readonly key: string;
  /** The repository that it belongs to; null where that cannot be told. */
  readonly subject: string | null;
  readonly problem: string;
}

export interface VerifyOptions {
  readonly damage: 'report' | 'remove';
  readonly signal: AbortSignal;
}

/** Reads all that is kept: blobs and manifests are held against the digests they are named by, records are parsed. */
export async function verifyCache(
  cache: ObjectCache,
  { damage, signal }: VerifyOptions,
): Promise<VerifySummary> {
  const damaged: DamagedObject[] = [];
  const sums = { records: 0, objects: 0, bytes: 0 };
  for (const prefix of cachePrefixes) {
    for await (const { key, sizeBytes } of cache.objects.list(prefix)) {
      signal.throwIfAborted();
      const isBlob = prefix === 'blobs/';
      sums[isBlob ? 'objects' : 'records'] += 1;
      sums.bytes += sizeBytes;
      const found = isBlob ? await checkBlob(cache, key, signal) : await checkRecord(cache, key);
      if (found !== null) damaged.push({ key, ...found });
    }
  }
  if (damage === 'remove') for (const { key } of damaged) await cache.remove(key);
  return { ...sums, damaged };
}

type Damage = Pick<DamagedObject, 'subject' | 'problem'>;

async function checkBlob(
  { objects }: ObjectCache,
  key: string,
  signal: AbortSignal,
): Promise<Damage | null> {
  const [, algorithm = '', , hex = ''] = key.split('/');
  if (!isOciDigest(`${algorithm}:${hex}`))
    return { subject: null, problem: 'is no object that this version of Ashlar writes' };
  const hash = createHash(algorithm);
  try {
    await using read = await objects.openRead(key, { signal });
    for await (const piece of read) hash.update(piece);
  } catch (error) {
    // A cache that runs may have evicted it since it was listed.
    if (hasCode(error, 'object_missing')) return null;
    throw error;
  }
  const found = hash.digest('hex');
  return found === hex
    ? null
    : { subject: null, problem: `its bytes have the ${algorithm} ${found}` };
}

async function checkRecord(cache: ObjectCache, key: string): Promise<Damage | null> {
  const value = await cache.peekRecord(key);
  if (value === null && (await cache.objects.head(key)) === null) return null;
  const { repository, digest } = (value ?? {}) as Record<string, unknown>;
  const subject = typeof repository === 'string' ? repository : null;
  const isRight = {
    links: () =>
      typeof digest === 'string' && isOciDigest(digest) && decodeLink(value, digest) !== null,
    tags: () => decodeTag(value) !== null,
    lists: () => decodeTagList(value) !== null || decodeReferrers(value) !== null,
    grants: () => decodeGrant(value) > 0,
  }[key.split('/')[0] ?? ''];
  if (isRight?.() === true) return null;
  return { subject, problem: 'is no record that this version of Ashlar writes' };
}
