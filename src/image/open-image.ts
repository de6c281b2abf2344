import type { Digest } from '../digest/digest.ts';
import type { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { TreePage } from '../tree/tree-page.ts';
import type { TreeReader } from '../tree/tree-reader.ts';
import { type ChunkPlaces, createChunkPlaces } from './find-chunks.ts';
import { openImagePlaces } from './image-places.ts';
import type { ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import type { OpenPlacement } from './placement.ts';
import { createImageReads, type ImageReads } from './read-chunks.ts';
import { readRoot } from './read-image-parts.ts';
import { createStoredTree } from './stored-tree.ts';

export type { ImageChunk } from './manifest-pages.ts';

/**
 * An image opened for reading, for as long as one likes: where packs were rewritten since, the places are looked up anew.
 * Every page and chunk is checked against its digest when it is read. Damage of the manifest shows as `manifest_corrupt`,
 * that of the tree as `tree_corrupt`, that of a chunk as `chunk_corrupt`; what is in a pack that is missing or cut short as
 * `pack_missing` or `pack_corrupt`. The error names the image and the files that are hurt; all others can be read. An
 * image that was removed meanwhile may show as `image_not_found`.
 */
export interface OpenImage extends ChunkPlaces, ImageReads {
  readonly digest: Digest;
  readonly root: ImageRoot;
  /** The latest that was read. */
  readonly placement: OpenPlacement;
  /** Reads the tree's root at first use. */
  tree(): Promise<TreeReader>;
  /** The pages of the tree in order; the error in place of one that is damaged. */
  treePages(): AsyncIterable<TreePage | AshlarError>;
}

/**
 * Opens an image by its digest: reads the root and the front of the placement, whatever the size of the image. Throws
 * `image_not_found`, `manifest_corrupt` or `store_newer_format`.
 */
export async function openImage(imageStore: ImageStore, digest: Digest): Promise<OpenImage> {
  const root = await readRoot(imageStore.objects, digest);
  const places = await openImagePlaces(imageStore, digest, root);
  const tree = createStoredTree({
    image: digest,
    root: root.tree,
    rootPosition: root.pages.length,
    readBlobs: (blobs) => places.read(({ readBlobs }) => readBlobs(blobs)),
  });
  const treePages = (): AsyncIterable<TreePage | AshlarError> => tree.pages();
  const treeBlobs = async (): Promise<Digest[]> => {
    const { pages } = (await tree.reader()).root;
    return [root.tree, ...pages.map((page) => page.digest)];
  };
  const chunkPlaces = createChunkPlaces({ digest, root, places, treePages, treeBlobs });
  const reads = createImageReads({ digest, imageStore, root, places, chunkPlaces, treePages });
  return {
    digest,
    root,
    get placement() {
      return places.now.placement;
    },
    tree: () => tree.reader(),
    treePages,
    ...chunkPlaces,
    ...reads,
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
    if (hasCode(error, 'image_not_found')) return null;
    throw error;
  }
}
