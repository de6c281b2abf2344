import { isOciDigest, type ObjectCache } from '../../src/network.ts';
import { blobKey } from './cache-keys.ts';
import { decodeLink } from './links.ts';

/** The objects that a record names: they are kept as long as it is. */
export async function recordReferences(cache: ObjectCache, key: string): Promise<string[]> {
  if (!key.startsWith('links/')) return [];
  const value = await cache.peekRecord(key);
  const digest = (value as { digest?: unknown } | null)?.digest;
  if (typeof digest !== 'string' || !isOciDigest(digest)) return [];
  return decodeLink(value, digest) === null ? [] : [blobKey(digest)];
}
