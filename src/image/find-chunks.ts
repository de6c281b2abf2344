import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { blobLocation, type RenewedPlaces } from './image-places.ts';
import type { ImageRoot } from './image-root.ts';
import { type ImageChunk, type ManifestPageRead, readEachPage } from './manifest-pages.ts';
import { type DamagedImage, namePageDamage } from './damage/naming-damage.ts';

/** What an open image says of where its chunks are; damage of the manifest names the files that are hurt. */
export interface ChunkPlaces {
  /** The chunks that are not zeros, in disk order; reads page after page of the manifest. */
  chunks(): AsyncIterable<ImageChunk>;
  /** The same of one page of the manifest, by its number. */
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
  /** All pages of the manifest in order; those that are damaged without the names of files. */
  manifestPages(): AsyncIterable<ManifestPageRead>;
  /** The locations of all pages and of all chunks, as they were at one time. */
  locations(): Promise<Map<Digest, PackLocation>>;
  /**
   * Where a chunk of the image is. Reads the whole manifest at first use and passes over damaged pages; a chunk that no
   * other page has gives their error, one that no page has `chunk_missing`.
   */
  locate(chunk: Digest): Promise<PackLocation>;
}

export interface ChunkPlacesSource extends DamagedImage {
  readonly root: ImageRoot;
  readonly places: RenewedPlaces;
  /** The digests of the tree's root and pages, in the order of the placement. */
  treeBlobs(): Promise<readonly Digest[]>;
}

export function createChunkPlaces(source: ChunkPlacesSource): ChunkPlaces {
  const { digest: image, root, places } = source;
  const chunksOf = (page: number): Promise<readonly ImageChunk[]> =>
    places.read(({ manifest }) => manifest.chunksOfPage(page));
  const naming = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      const located = async () => (await places.now.located()).locations;
      throw await namePageDamage(source, located, error);
    }
  };
  const chunksOfPage = (page: number): Promise<readonly ImageChunk[]> =>
    naming(() => chunksOf(page));
  return {
    chunksOfPage,
    async *chunks() {
      for (const [page] of root.pages) yield* await chunksOfPage(page);
    },
    manifestPages: () => readEachPage(root, chunksOf),
    async locations() {
      const blobs = [...root.pages.map(([, page]) => page), ...(await source.treeBlobs())];
      return naming(() =>
        places.read(async ({ placement, manifest }) => {
          const locations = new Map<Digest, PackLocation>();
          blobs.forEach((blob, position) =>
            locations.set(blob, blobLocation(placement, position, image)),
          );
          for (const [page] of root.pages)
            for (const chunk of await manifest.chunksOfPage(page))
              locations.set(chunk.digest, chunk.location);
          return locations;
        }),
      );
    },
    locate: (chunk) =>
      naming(() =>
        places.read(async ({ locate }) => {
          const { location, damage } = await locate(chunk);
          if (location !== undefined) return location;
          throw damage ?? noPlace(image, chunk);
        }),
      ),
  };
}

function noPlace(image: Digest, chunk: Digest): AshlarError {
  return new AshlarError(
    'chunk_missing',
    `the image ${image} has no place for the chunk ${chunk}`,
    { data: { image, digest: chunk } },
  );
}
