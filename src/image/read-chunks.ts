import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { chunkBytes } from '../tree/inode.ts';
import { isBlobDamage } from './damage/damage-codes.ts';
import type { ChunkPlaces } from './find-chunks.ts';
import type { RenewedPlaces } from './image-places.ts';
import type { ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { findChunk, type ImageChunk } from './manifest-pages.ts';
import { pageChunks } from './manifest-page.ts';
import { type DamagedImage, nameChunkDamage } from './damage/naming-damage.ts';

/** A chunk of an image, with its place on the disk where that is known. */
export type WantedChunk = LocatedBlob & { readonly index?: number };

/**
 * Reads the chunks of an open image, each checked. An image may be read for weeks: chunks that are no longer where they
 * were are looked up anew. Damage names the image and the files that are hurt.
 */
export interface ImageReads {
  /** A chunk of the disk by its index; null for one of zeros. Throws `invalid_request` for one beyond the disk. */
  readChunk(index: number, signal?: AbortSignal): Promise<Buffer | null>;
  /**
   * Many chunks, each once, in the order of the packs and not in the order asked for; those that lie side by side in one
   * request.
   */
  readChunks(
    chunks: readonly WantedChunk[],
    signal?: AbortSignal,
  ): AsyncIterable<{ digest: Digest; plain: Buffer }>;
}

export interface ImageReadsSource extends DamagedImage {
  readonly imageStore: ImageStore;
  readonly root: ImageRoot;
  readonly places: RenewedPlaces;
  readonly chunkPlaces: ChunkPlaces;
}

export function createImageReads(source: ImageReadsSource): ImageReads {
  const { digest: image, imageStore, root, places } = source;
  const readChunks: ImageReads['readChunks'] = async function* (chunks, signal) {
    const left = new Map<Digest, WantedChunk>(chunks.map((chunk) => [chunk.digest, chunk]));
    const readLeft = async function* () {
      for await (const chunk of imageStore.reader.readMany([...left.values()], signal)) {
        left.delete(chunk.digest);
        yield chunk;
      }
    };
    try {
      return yield* readLeft();
    } catch (error) {
      if (!isBlobDamage(error)) throw error;
    }
    await places.renew(places.now);
    for (const chunk of left.values()) left.set(chunk.digest, await lookUp(source, chunk));
    try {
      yield* readLeft();
    } catch (error) {
      throw await nameChunkDamage(source, [...left.values()], error);
    }
  };
  return {
    readChunks,
    async readChunk(index, signal) {
      if (index < 0 || index >= root.diskBytes / chunkBytes)
        throw new AshlarError('invalid_request', `the disk of ${image} has no chunk ${index}`);
      const chunk = await chunkAt(source, index);
      if (chunk === null) return null;
      for await (const { plain } of readChunks([chunk], signal)) return plain;
      throw new AshlarError('internal', `the chunk ${chunk.digest} was not read`);
    },
  };
}

async function chunkAt(
  { chunkPlaces }: ImageReadsSource,
  index: number,
): Promise<ImageChunk | null> {
  return findChunk(await chunkPlaces.chunksOfPage(Math.floor(index / pageChunks)), index);
}

async function lookUp(source: ImageReadsSource, chunk: WantedChunk): Promise<WantedChunk> {
  const { digest, index } = chunk;
  const found = index === undefined ? null : await chunkAt(source, index);
  return found ?? { digest, location: await source.chunkPlaces.locate(digest) };
}
