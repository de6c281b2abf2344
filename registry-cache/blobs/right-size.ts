import { abortable, AshlarError, hasCode } from '../../src/index.ts';
import type { FoundBody, ObjectCache, StoredObject, Transfer } from '../../src/network.ts';
import type { Ask, CacheContext } from '../cache-context.ts';
import { linkKey } from '../store/cache-keys.ts';
import type { Links } from '../store/links.ts';
import type { WantedBlob } from './fetch-blob.ts';
import type { LinkFinder } from './find-link.ts';

/** The bytes of a blob as they were found. */
export interface BlobBytes {
  readonly body: FoundBody<StoredObject>;
  /** As whose they are fetched; null where they are kept. */
  readonly leader: WantedBlob | null;
}

export interface SizeCheck {
  readonly cache: CacheContext['cache'];
  readonly links: Links;
  readonly finder: LinkFinder;
}

/**
 * The size of what was found for a repository, held against what upstream has said of it there. Null where it is not for this
 * repository, or is not as it should be: what was wrong about it is forgotten, and it can be looked for again.
 */
export async function rightSize(
  { cache, links, finder }: SizeCheck,
  { place, link }: WantedBlob,
  { body, leader, ...ask }: BlobBytes & Ask,
): Promise<number | null> {
  const { digest } = link;
  if (leader !== null && linkKey(leader.place, digest) === linkKey(place, digest))
    return leader.link.sizeBytes;
  const { sizeBytes } = (await finder.given(place, { link, state: 'hit' }, ask)).link;
  if (body.kind === 'kept') {
    if (storedBytes(body.kept) === sizeBytes) return sizeBytes;
    if (await isIntact(cache, body.kept, ask.signal)) links.doubt(place, digest, 'all');
    return null;
  }
  if (await isRefused(body.transfer, ask.signal)) return null;
  if (leader?.link.sizeBytes === sizeBytes) return sizeBytes;
  links.doubt(place, digest, 'all');
  return null;
}

function storedBytes(kept: StoredObject): number {
  return kept.kind === 'bytes' ? kept.bytes.length : kept.sizeBytes;
}

/** Reads all of it; what is damaged is gone afterwards. */
async function isIntact(
  cache: ObjectCache,
  kept: StoredObject,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const _ of cache.pieces(kept, signal));
    return true;
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return false;
  }
}

/** Whether a fetch for another repository did not begin for reasons that are that repository's own. */
async function isRefused(transfer: Transfer, signal: AbortSignal): Promise<boolean> {
  try {
    await abortable(transfer.opened, signal);
    return false;
  } catch (error) {
    if (hasCode(error, 'registry_auth_required', 'blob_unknown', 'registry_corrupt')) return true;
    if (hasCode(error, 'disk_full')) return false;
    throw error;
  }
}
