import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey } from '../store/store-paths.ts';
import {
  decodePackIndex,
  packFooterBytes,
  packHeaderBytes,
  type PackRecord,
  readPackFooter,
} from './pack-format.ts';

/** Read at once from the end of a pack: the footer and the index of some 1,300 records. */
const tailBytes = 64 * 1024;

/**
 * What a pack of `sizeBytes` in the store says that it holds, by ranged reads of its end: one, or two where it has many
 * records. Throws `pack_corrupt`, and what the store throws.
 */
export async function readPackIndex(
  store: ObjectStore,
  pack: Digest,
  sizeBytes: number,
): Promise<PackRecord[]> {
  if (sizeBytes < packHeaderBytes + packFooterBytes)
    throw new AshlarError('pack_corrupt', `the pack ${pack} has only ${sizeBytes} bytes`, {
      data: { pack },
    });
  const key = packKey(pack);
  const tailStart = Math.max(0, sizeBytes - tailBytes);
  const tail = await store.getRange(key, tailStart, sizeBytes - tailStart);
  const { indexBytes, indexDigest } = readPackFooter(tail.subarray(-packFooterBytes), pack);
  const recordsEnd = sizeBytes - packFooterBytes - indexBytes;
  if (recordsEnd < packHeaderBytes)
    throw new AshlarError('pack_corrupt', `the pack ${pack} is smaller than its index`, {
      data: { pack },
    });
  const index =
    recordsEnd < tailStart
      ? await store.getRange(key, recordsEnd, indexBytes)
      : tail.subarray(recordsEnd - tailStart, -packFooterBytes);
  return decodePackIndex(index, { name: pack, indexDigest, recordsEnd });
}
