import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { chunkBytes, type FileInode } from '../tree/inode.ts';
import type { ImageStore } from './image-store.ts';
import { namingDamage } from './naming-damage.ts';
import type { OpenImage } from './open-image.ts';

/** Reads files of an image without mounting it. */
export interface FileReader {
  /** The bytes of a file of the image, in order, each chunk checked; holes come as zeros. */
  read(inode: FileInode, signal?: AbortSignal): AsyncIterable<Buffer>;
}

const zeroChunk = Buffer.alloc(chunkBytes);

/** `locations` is what the image's `locations()` gave. */
export function createFileReader(
  imageStore: ImageStore,
  image: OpenImage,
  locations: ReadonlyMap<Digest, PackLocation>,
): FileReader {
  const readChunk = async (digest: Digest, signal: AbortSignal | undefined): Promise<Buffer> => {
    const location = locations.get(digest);
    if (location === undefined) {
      throw new AshlarError(
        'chunk_missing',
        `the image ${image.digest} has no place for the chunk ${digest}`,
        {
          data: { image: image.digest, digest },
        },
      );
    }
    const place = { image: image.digest, chunk: digest, tree: () => image.tree() };
    return namingDamage(place, () => imageStore.reader.read({ digest, location }, signal));
  };
  return {
    async *read({ content, sizeBytes }, signal) {
      if (content.kind === 'small') {
        if (content.place.in === 'spool')
          throw new AshlarError('internal', 'a file of a stored image is in a spool');
        const chunk = await readChunk(content.place.chunk, signal);
        yield chunk.subarray(content.place.offset, content.place.offset + sizeBytes);
        return;
      }
      let position = 0;
      for (const run of content.kind === 'chunked' ? content.runs : []) {
        yield* zeros(run.start * chunkBytes - position);
        position = run.start * chunkBytes;
        for (const digest of run.digests) {
          const chunk = await readChunk(digest, signal);
          yield chunk.subarray(0, Math.min(chunkBytes, sizeBytes - position));
          position += chunkBytes;
        }
      }
      yield* zeros(sizeBytes - position);
    },
  };
}

function* zeros(count: number): Iterable<Buffer> {
  for (let left = count; left > 0; left -= chunkBytes)
    yield zeroChunk.subarray(0, Math.min(left, chunkBytes));
}
