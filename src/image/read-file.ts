import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { chunkBytes, type FileInode } from '../tree/inode.ts';
import type { OpenImage } from './open-image.ts';

/** Reads files of an image without mounting it. */
export interface FileReader {
  /** The bytes of a file of the image, in order, each chunk checked; holes come as zeros. */
  read(inode: FileInode, signal?: AbortSignal): AsyncIterable<Buffer>;
}

const zeroChunk = Buffer.alloc(chunkBytes);

/** Chunks of a file that are read together: a few requests of some MiB in place of one for each. */
const chunksAtOnce = 64;

/** Each chunk is looked for by itself, so that what is damaged elsewhere in the image does not matter. */
export function createFileReader(image: OpenImage): FileReader {
  const readBatch = async (
    digests: readonly Digest[],
    signal: AbortSignal | undefined,
  ): Promise<Map<Digest, Buffer>> => {
    const blobs: LocatedBlob[] = [];
    for (const digest of digests) blobs.push({ digest, location: await image.locate(digest) });
    const chunks = new Map<Digest, Buffer>();
    for await (const { digest, plain } of image.readChunks(blobs, signal))
      chunks.set(digest, plain);
    return chunks;
  };
  return {
    async *read({ content, sizeBytes }, signal) {
      if (content.kind === 'small') {
        if (content.place.in === 'spool')
          throw new AshlarError('internal', 'a file of a stored image is in a spool');
        const { chunk, offset } = content.place;
        const bin = (await readBatch([chunk], signal)).get(chunk);
        if (bin !== undefined) yield bin.subarray(offset, offset + sizeBytes);
        return;
      }
      let position = 0;
      for (const run of content.kind === 'chunked' ? content.runs : []) {
        yield* zeros(run.start * chunkBytes - position);
        position = run.start * chunkBytes;
        for (let at = 0; at < run.digests.length; at += chunksAtOnce) {
          const batch = run.digests.slice(at, at + chunksAtOnce);
          const chunks = await readBatch(batch, signal);
          for (const digest of batch) {
            const chunk = chunks.get(digest);
            if (chunk === undefined) throw new AshlarError('internal', `${digest} was not read`);
            yield chunk.subarray(0, Math.min(chunkBytes, sizeBytes - position));
            position += chunkBytes;
          }
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
