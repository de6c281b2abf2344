import type { ChunkReader } from '../chunks/chunk-reader.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { cached } from '../flow/remember.ts';
import type { SmallContent } from '../tree/inode.ts';

/** Bins kept decoded: neighbours in the tree mostly share one. */
const cachedChunks = 16;

/** Reads small contents from where they are: a spool, or a bin of a stored image. */
export function createSmallContentReader(
  reader: ChunkReader,
  places: { locate(digest: Digest): PackLocation | undefined },
): (content: SmallContent, target: Buffer) => Promise<void> {
  const chunkOf = cached(cachedChunks, async (digest: Digest): Promise<Buffer> => {
    const location = places.locate(digest);
    if (location === undefined) {
      throw new AshlarError('chunk_missing', `nobody knows where the chunk ${digest} is stored`, {
        data: { digest },
      });
    }
    return reader.read({ digest, location });
  });
  return async ({ place }, target) => {
    if (place.in === 'spool') place.spool.readInto(target, place.offset);
    else (await chunkOf(place.chunk)).copy(target, 0, place.offset, place.offset + target.length);
  };
}
