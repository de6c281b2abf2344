import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { once } from '../flow/remember.ts';
import { chunkBytes } from '../tree/inode.ts';
import type { TreePage } from '../tree/tree-page.ts';
import type { TreeReader } from '../tree/tree-reader.ts';
import type { ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import {
  createManifestPages,
  findChunk,
  type ImageChunk,
  isPageDamage,
  type ManifestPageRead,
  type ManifestPages,
  type ReadBlobs,
} from './manifest-pages.ts';
import { pageChunks } from './manifest-page.ts';
import { type DamagedImage, namingDamage } from './naming-damage.ts';
import { describePageDamage, namingPageDamage, readableChunks } from './naming-page-damage.ts';
import type { OpenPlacement } from './placement.ts';
import { openPlacementOf, readRoot } from './read-image-parts.ts';
import { createStoredTree } from './stored-tree.ts';

export type { ImageChunk } from './manifest-pages.ts';

/**
 * An image opened for reading. Every page and chunk is checked against its digest when it is read. Damage of the
 * manifest shows as `manifest_corrupt`, that of the tree as `tree_corrupt`, that of a chunk as `chunk_corrupt`; what is
 * in a pack that is missing or cut short as `pack_missing` or `pack_corrupt`. The error names the image and the files that
 * are hurt; all others can be read.
 */
export interface OpenImage {
  readonly digest: Digest;
  readonly root: ImageRoot;
  readonly placement: OpenPlacement;
  /** Reads the tree's root at first use. */
  tree(): Promise<TreeReader>;
  /** The pages of the tree in order; the error in place of one that is damaged. */
  treePages(): AsyncIterable<TreePage | AshlarError>;
  /**
   * A chunk of the disk by its index; null for one of zeros. An image may be read for weeks: where a chunk is no longer
   * where it was, its place is looked up anew.
   */
  readChunk(index: number, signal?: AbortSignal): Promise<Buffer | null>;
  /** The chunks that are not zeros, in disk order; reads page after page of the manifest. */
  chunks(): AsyncIterable<ImageChunk>;
  /** The same of one page of the manifest, by its number. */
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
  /** All pages of the manifest in order; those that are damaged without the names of files. */
  manifestPages(): AsyncIterable<ManifestPageRead>;
  /** The locations of all pages and of all chunks. */
  locations(): Promise<Map<Digest, PackLocation>>;
  /**
   * Where a chunk of the image is. Reads the whole manifest at first use and passes over damaged pages; a chunk that no
   * other page has gives their error.
   */
  locate(chunk: Digest): Promise<PackLocation>;
}

/**
 * Opens an image by its digest: reads the root and the front of the placement, whatever the size of the image. Throws
 * `image_not_found`, `manifest_corrupt` or `store_newer_format`.
 */
export async function openImage(imageStore: ImageStore, digest: Digest): Promise<OpenImage> {
  const { objects, reader } = imageStore;
  const root = await readRoot(objects, digest);
  let placement = await openPlacementOf(objects, digest, root);
  const readBlobs: ReadBlobs = async (blobs) => {
    const located = blobs.map(({ digest: blob, position }) => ({
      digest: blob,
      location: blobLocation(placement, position, digest),
    }));
    const bytes = new Map<Digest, Buffer>();
    for await (const { digest: blob, plain } of reader.readMany(located)) bytes.set(blob, plain);
    return bytes;
  };
  const tree = createStoredTree({
    image: digest,
    root: root.tree,
    rootPosition: root.pages.length,
    readBlobs,
  });
  let manifest = createManifestPages({ digest, root, placement, readBlobs });
  const damagedImage: DamagedImage & { readonly manifest: ManifestPages } = {
    digest,
    get manifest() {
      return manifest;
    },
    treePages: () => tree.pages(),
  };
  const refresh = async (): Promise<void> => {
    placement = await openPlacementOf(objects, digest, root);
    manifest = createManifestPages({ digest, root, placement, readBlobs });
  };
  const chunkAt = async (index: number): Promise<ImageChunk | null> =>
    findChunk(await manifest.chunksOfPage(Math.floor(index / pageChunks)), index);
  const pageOf = (page: number): Promise<readonly ImageChunk[]> =>
    namingPageDamage(damagedImage, page, () => manifest.chunksOfPage(page));
  const readable = once(() => readableChunks(manifest));
  const chunks = async function* (): AsyncIterable<ImageChunk> {
    for (const [page] of root.pages) yield* await pageOf(page);
  };
  return {
    digest,
    root,
    get placement() {
      return placement;
    },
    tree: () => tree.reader(),
    treePages: () => tree.pages(),
    async readChunk(index, signal) {
      if (index < 0 || index >= root.diskBytes / chunkBytes) {
        throw new AshlarError('invalid_request', `the disk of ${digest} has no chunk ${index}`);
      }
      try {
        const chunk = await chunkAt(index);
        return chunk === null ? null : await reader.read(chunk, signal);
      } catch (error) {
        if (!isPageDamage(error)) throw error;
      }
      // Packs may have been rewritten since the image was opened.
      await refresh();
      const page = Math.floor(index / pageChunks);
      const chunk = await namingPageDamage(damagedImage, page, () => chunkAt(index));
      if (chunk === null) return null;
      return namingDamage(damagedImage, chunk.digest, () => reader.read(chunk, signal));
    },
    chunks,
    chunksOfPage: pageOf,
    manifestPages: () => manifest.all(),
    async locations() {
      const locations = new Map<Digest, PackLocation>();
      const treePages = (await tree.reader()).root.pages.map((page) => page.digest);
      const blobs = [...root.pages.map(([, page]) => page), root.tree, ...treePages];
      blobs.forEach((blob, position) =>
        locations.set(blob, blobLocation(placement, position, digest)),
      );
      for (const [page] of root.pages)
        for (const chunk of await pageOf(page)) locations.set(chunk.digest, chunk.location);
      return locations;
    },
    async locate(chunk) {
      const { locations, damaged } = await readable();
      const location = locations.get(chunk);
      if (location !== undefined) return location;
      const [first] = damaged;
      if (first !== undefined)
        throw await describePageDamage(damagedImage, { ...first, locations });
      throw new AshlarError(
        'chunk_missing',
        `the image ${digest} has no place for the chunk ${chunk}`,
        { data: { image: digest, digest: chunk } },
      );
    },
  };
}

/** As `openImage`; null when there is no such image (any more). */
export async function openIfThere(
  imageStore: ImageStore,
  digest: Digest,
): Promise<OpenImage | null> {
  try {
    return await openImage(imageStore, digest);
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'image_not_found') return null;
    throw error;
  }
}

function blobLocation(placement: OpenPlacement, position: number, image: Digest): PackLocation {
  const location = placement.blobs[position];
  if (location !== undefined) return location;
  throw new AshlarError(
    'manifest_corrupt',
    `the placement of ${image} has fewer records than its manifest`,
    { data: { image } },
  );
}
