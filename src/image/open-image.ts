import type { PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { imageKey } from '../store/store-paths.ts';
import { chunkBytes } from '../tree/inode.ts';
import { decodeTreePage, type TreePage } from '../tree/tree-page.ts';
import { createTreeReader, type TreeReader } from '../tree/tree-reader.ts';
import { decodeTreeRoot } from '../tree/tree-root.ts';
import { cached, once } from '../flow/remember.ts';
import { namingDamage } from './naming-damage.ts';
import { decodeImageRoot, type ImageRoot, maxRootBytes } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { decodeManifestPage, type ManifestPage, pageChunks } from './manifest-page.ts';
import { openPlacement, type OpenPlacement } from './placement.ts';

export interface ImageChunk {
  readonly index: number;
  readonly digest: Digest;
  readonly location: PackLocation;
}

/** An image opened for reading. Every page and chunk is checked against its digest when it is read. */
export interface OpenImage {
  readonly digest: Digest;
  readonly root: ImageRoot;
  readonly placement: OpenPlacement;
  /** Reads the tree's root at first use. */
  tree(): Promise<TreeReader>;
  /**
   * A chunk of the disk by its index; null for one of zeros. Damage shows as `chunk_corrupt`, `pack_missing` or
   * `pack_corrupt`, with the image and the files that it hurts.
   */
  readChunk(index: number, signal?: AbortSignal): Promise<Buffer | null>;
  /** The chunks that are not zeros, in disk order; reads page after page of the manifest. */
  chunks(): AsyncIterable<ImageChunk>;
  /** The same of one page of the manifest, by its number. */
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
  /** The locations of all pages and of all chunks. */
  locations(): Promise<Map<Digest, PackLocation>>;
}

interface PageOfChunks {
  readonly digests: ManifestPage;
  readonly locations: ReadonlyMap<number, PackLocation>;
}

/** Pages of the manifest and the tree that are kept decoded. */
const cachedPages = 256;

/**
 * Opens an image by its digest: reads the root and the front of the placement, whatever the size of the image. Throws
 * `image_not_found`, `manifest_corrupt` or `store_newer_format`.
 */
export async function openImage(imageStore: ImageStore, digest: Digest): Promise<OpenImage> {
  const root = await readRoot(imageStore, digest);
  const placement = await openPlacementOf(imageStore, digest);
  const readBlob = async (blob: Digest, position: number): Promise<Buffer> => {
    const location = placement.blobs[position];
    if (location === undefined) {
      throw new AshlarError(
        'manifest_corrupt',
        `the placement of ${digest} has no place for ${blob}`,
        {
          data: { image: digest, digest: blob },
        },
      );
    }
    return imageStore.reader.read({ digest: blob, location });
  };
  const firstTreePage = root.pages.length + 1;
  const tree = once(async () => {
    const treeRoot = decodeTreeRoot(await readBlob(root.tree, root.pages.length));
    const positions = new Map(treeRoot.pages.map((page, index) => [page, firstTreePage + index]));
    const readPage = cached(
      cachedPages,
      async (page: (typeof treeRoot.pages)[number]): Promise<TreePage> =>
        decodeTreePage(await readBlob(page.digest, positions.get(page) ?? -1)),
    );
    return createTreeReader(treeRoot, readPage);
  });
  const pageIndexes = new Map(root.pages.map(([page], index) => [page, index]));
  const readPage = cached(cachedPages, async (index: number): Promise<PageOfChunks> => {
    const pageDigest = root.pages[index]?.[1];
    if (pageDigest === undefined)
      throw new AshlarError('internal', `the image has no page ${index}`);
    const digests = decodeManifestPage(await readBlob(pageDigest, index));
    const list = await placement.readPage(index);
    return {
      digests,
      locations: new Map([...digests.keys()].map((key, at) => [key, locationAt(list, at, digest)])),
    };
  });
  const chunksOfPage = async (number: number): Promise<ImageChunk[]> => {
    const pageIndex = pageIndexes.get(number);
    if (pageIndex === undefined) return [];
    const page = await readPage(pageIndex);
    return [...page.digests].flatMap(([position, chunk]) => {
      const location = page.locations.get(position);
      const index = number * pageChunks + position;
      return location === undefined ? [] : [{ index, digest: chunk, location }];
    });
  };
  const chunks = async function* (): AsyncIterable<ImageChunk> {
    for (const [number] of root.pages) yield* await chunksOfPage(number);
  };
  return {
    digest,
    root,
    placement,
    tree,
    async readChunk(index, signal) {
      if (index < 0 || index >= root.diskBytes / chunkBytes) {
        throw new AshlarError('invalid_request', `the disk of ${digest} has no chunk ${index}`);
      }
      const pageIndex = pageIndexes.get(Math.floor(index / pageChunks));
      if (pageIndex === undefined) return null;
      const page = await readPage(pageIndex);
      const chunk = page.digests.get(index % pageChunks);
      const location = page.locations.get(index % pageChunks);
      if (chunk === undefined || location === undefined) return null;
      return namingDamage({ image: digest, chunk, tree }, () =>
        imageStore.reader.read({ digest: chunk, location }, signal),
      );
    },
    chunks,
    chunksOfPage,
    async locations() {
      const locations = new Map<Digest, PackLocation>();
      const treePages = (await tree()).root.pages.map((page) => page.digest);
      const blobs = [...root.pages.map(([, page]) => page), root.tree, ...treePages];
      blobs.forEach((blob, position) =>
        locations.set(blob, locationAt(placement.blobs, position, digest)),
      );
      for await (const chunk of chunks()) locations.set(chunk.digest, chunk.location);
      return locations;
    },
  };
}

async function readRoot(imageStore: ImageStore, digest: Digest): Promise<ImageRoot> {
  const key = imageKey(digest, 'root');
  const bytes = await imageStore.objects
    .get(key, { maxBytes: maxRootBytes })
    .catch((error: unknown) => {
      if (error instanceof AshlarError && error.code === 'object_missing') {
        throw new AshlarError('image_not_found', `the store has no image ${digest}`, {
          data: { image: digest },
          cause: error,
        });
      }
      throw error;
    });
  if (digestOf(bytes) === digest) return decodeImageRoot(bytes);
  throw new AshlarError(
    'manifest_corrupt',
    `the root of the image ${digest} does not match its digest`,
    {
      data: { image: digest, object: key },
    },
  );
}

async function openPlacementOf(imageStore: ImageStore, digest: Digest): Promise<OpenPlacement> {
  const key = imageKey(digest, 'placement');
  try {
    return await openPlacement(
      (offset, lengthBytes) => imageStore.objects.getRange(key, offset, lengthBytes),
      digest,
    );
  } catch (error) {
    const isGone =
      error instanceof AshlarError && ['object_missing', 'object_truncated'].includes(error.code);
    if (!isGone) throw error;
    throw new AshlarError(
      'manifest_corrupt',
      `the placement of the image ${digest} is missing or cut short`,
      {
        data: { image: digest, object: key },
        cause: error,
      },
    );
  }
}

function locationAt(list: readonly PackLocation[], at: number, image: Digest): PackLocation {
  const location = list[at];
  if (location !== undefined) return location;
  throw new AshlarError(
    'manifest_corrupt',
    `the placement of ${image} has fewer records than its manifest`,
    { data: { image } },
  );
}
