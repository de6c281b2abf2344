import type { BytePath } from '../../bytes/byte-path.ts';
import type { ChunkWriter } from '../../chunks/chunk-writer.ts';
import type { Digest } from '../../digest/digest.ts';
import { hasCode } from '../../errors/has-code.ts';
import type { FileTree } from '../../tree/file-tree.ts';
import type { Json } from '../canonical-json.ts';
import { isTreeDamage } from '../damage/damage-codes.ts';
import type { ImageStore } from '../image-store.ts';
import { loadTree } from '../load-tree.ts';
import type { OpenImage } from '../open-image.ts';
import { writeImage } from '../write-image.ts';
import { openPartialTree, type PartialTree } from './partial-tree.ts';
import { patchImage } from './patch-image.ts';
import { Unsure, unsure } from './reshape/unsure.ts';

/** The files of a stored image, to be changed. What is looked up or changed has to be read first. */
export interface ChangingFiles extends Pick<PartialTree, 'tree' | 'load' | 'loadChildren'> {
  /** Whether what a name stands for may have others in the image. */
  isLinked(path: BytePath): Promise<boolean>;
  /** All files; asked for only where there is no other way. */
  wholeTree(): FileTree;
}

export interface ImageChange {
  readonly writer: ChunkWriter;
  /** Changes the files and gives the provenance. Done a second time, from the start, where the whole tree has to be read. */
  readonly work: (files: ChangingFiles) => Promise<Json>;
}

/**
 * Publishes the image that has the files as `work` leaves them, and the config and size of `image`; for what the changes cost
 * where that can be had. Throws as `loadTree` and `writeImage`.
 */
export async function changeImage(
  imageStore: ImageStore,
  image: OpenImage,
  change: ImageChange,
): Promise<Digest> {
  return (
    (await changeInPart(imageStore, image, change)) ?? changeAsWhole(imageStore, image, change)
  );
}

async function changeInPart(
  imageStore: ImageStore,
  image: OpenImage,
  { writer, work }: ImageChange,
): Promise<Digest | null> {
  const { config } = image.root;
  try {
    const partial = await openPartialTree(image);
    const provenance = await work({ ...partial, wholeTree: noWholeTree });
    const changes = await partial.changes();
    return await patchImage(imageStore, image, { ...changes, config, provenance, writer });
  } catch (error) {
    // Where the image is damaged, the whole tree says of what.
    if (error instanceof Unsure || isTreeDamage(error) || hasCode(error, 'image_not_found'))
      return null;
    throw error;
  }
}

function noWholeTree(): never {
  return unsure('the whole tree is asked for');
}

/** A tree that was read as a whole. */
const loaded: Omit<ChangingFiles, 'tree' | 'wholeTree'> = {
  load: () => Promise.resolve(),
  loadChildren: () => Promise.resolve(),
  isLinked: () => Promise.resolve(true),
};

async function changeAsWhole(
  imageStore: ImageStore,
  image: OpenImage,
  { writer, work }: ImageChange,
): Promise<Digest> {
  writer.know(await image.locations());
  const { tree, knownBins } = await loadTree(imageStore, image);
  const provenance = await work({
    tree,
    ...loaded,
    wholeTree: () => tree,
  });
  const { config, diskBytes } = image.root;
  const input = { tree, config, diskBytes, provenance, writer, knownBins };
  return (await writeImage(imageStore, input)).digest;
}
