import type { ObjectCache } from '../../src/network.ts';
import { blobKey, bodyKey, indexKey } from '../cache/cache-paths.ts';
import { decodePackumentRecord } from '../documents/packument-record.ts';
import { decodeTarballRecord } from '../tarballs/tarball-record.ts';

/** The objects that a record names: they are kept as long as it is. */
export async function recordReferences(cache: ObjectCache, key: string): Promise<string[]> {
  if (!key.startsWith('records/')) return [];
  const value = await cache.peekRecord(key);
  const tarball = decodeTarballRecord(value);
  if (tarball !== null) return [blobKey(tarball.sha512)];
  const packument = decodePackumentRecord(value);
  return packument === null ? [] : [bodyKey(packument.body), indexKey(packument.body)];
}
