import type { BytePath } from '../../bytes/byte-path.ts';
import type { ChunkWriter } from '../../chunks/chunk-writer.ts';
import type { Digest } from '../../digest/digest.ts';
import { blocksPerChunk } from '../../ext4/format.ts';
import { hasCode } from '../../errors/has-code.ts';
import type { Inode } from '../../tree/inode.ts';
import type { Json } from '../canonical-json.ts';
import { isTreeDamage } from '../damage/damage-codes.ts';
import { deriveImage } from '../derive-image.ts';
import type { ImageConfig, ImageRoot } from '../image-root.ts';
import type { ImageStore } from '../image-store.ts';
import type { OpenImage } from '../open-image.ts';
import { decodeOutline, readOutlineBytes } from '../outline-file.ts';
import { publishRoot } from '../publish-root.ts';
import { createSmallContentReader } from '../small-content-reader.ts';
import { createPartsWriter } from '../store-parts.ts';
import { createEditedDisk, type EditedDisk } from './edited-disk.ts';
import { type DiskEditing, editInode } from './edit-inode.ts';
import { findChanges, type InodeChange, isSame } from './find-changes.ts';
import { type PatchedPage, patchManifest, patchPlacement } from './patch-manifest.ts';
import { patchTree, type StoredChange } from './patch-tree.ts';
import { reshapeImage } from './reshape/reshape-image.ts';
import { Unsure } from './reshape/unsure.ts';
import { createStandingInodes } from './standing-inodes.ts';

export interface ImagePatch {
  /** What is put at which path; the same object at several paths is a hard link. */
  readonly puts: ReadonlyMap<BytePath, Inode>;
  /** What is removed, with all below it, before anything is put. */
  readonly removals?: ReadonlySet<BytePath>;
  readonly config: ImageConfig;
  readonly provenance: Json;
  /** Has taken in, or knows the places of, every chunk that `puts` refers to. */
  readonly writer: ChunkWriter;
}

/** Chunks that are held in memory to be changed: 16 MiB. With more, the whole layout is not much dearer. */
const maxEditedChunks = 256;

/**
 * Publishes the image that has the files of `base`, some removed and others put among them, and a config; for what few changes cost, however
 * many files there are. The digest is the one that `writeImage` gives for that tree.
 *
 * Where the layout, which is a function of the whole tree, stays as it is, records and contents are replaced: every path is
 * there already, with an inode of the same type, names, number of blocks and kind of content. Else what moves is laid out
 * anew, if `base` has an outline. Null where that is not certain to give the same, where so much changes that it is not worth
 * it, or where `base` is damaged or gone; nothing is published then. Throws as `writeImage` does.
 */
export async function patchImage(
  imageStore: ImageStore,
  base: OpenImage,
  patch: ImagePatch,
): Promise<Digest | null> {
  try {
    const patched = await patchInPlace(imageStore, base, patch);
    return patched ?? (await reshapeImage(imageStore, base, patch));
  } catch (error) {
    if (isTreeDamage(error) || hasCode(error, 'image_not_found')) return null;
    // A disk of another making shows as numbers that lead nowhere.
    if (error instanceof Unsure || error instanceof RangeError) return null;
    throw error;
  }
}

/** Null where the layout does not stay as it is. */
async function patchInPlace(
  imageStore: ImageStore,
  base: OpenImage,
  { puts, removals, config, provenance, writer }: ImagePatch,
): Promise<Digest | null> {
  if (removals !== undefined && removals.size > 0) return null;
  const tree = await base.tree();
  const found = await findChanges(tree, puts);
  if (found === null) return null;
  const readSmall = createSmallContentReader(imageStore.reader, writer);
  const edited = await editDisk(base, found, readSmall);
  if (edited === null) return null;
  if (edited.contentChunks.size === 0) return deriveImage(imageStore, base, { config, provenance });

  const parts = createPartsWriter(writer);
  const digests = await edited.disk.store(parts.storeChunk);
  const changes = [...edited.contentChunks].map(([change, chunk]): StoredChange => ({
    ...change,
    bin: digests.get(chunk) ?? null,
  }));
  const patchedTree = await patchTree(tree, changes, parts.storeBlob);
  const pages = await patchManifest(base, digests, parts.storeBlob);
  await writer.flush();
  const treeBefore = tree.root.pages.map(({ digest }) => digest);
  const patched = { pages, tree: patchedTree, treeBefore };
  const places = await patchPlacement(base, patched, parts.locate);
  const root = { ...base.root, pages: patchPages(base, pages), tree: patchedTree.root, config };
  const bytes = await readOutlineBytes(imageStore.objects, base.digest);
  const outline = bytes === null ? null : decodeOutline(bytes, base.root.tree, tree.root);
  return publishRoot(imageStore, { root, places, outline, provenance });
}

interface EditedImage {
  readonly disk: EditedDisk;
  /** For each change, the chunk in which the content of its inode begins. */
  readonly contentChunks: ReadonlyMap<InodeChange, number>;
}

async function editDisk(
  base: OpenImage,
  changes: readonly InodeChange[],
  readSmall: DiskEditing['readSmall'],
): Promise<EditedImage | null> {
  const disk = createEditedDisk(base);
  const editing = { disk, inodes: createStandingInodes(base), readSmall };
  const contentChunks = new Map<InodeChange, number>();
  for (const change of changes) {
    const standing = await editInode(editing, change);
    if (standing === null || disk.size > maxEditedChunks) return null;
    if (!isSame(change)) contentChunks.set(change, Math.floor(standing.dataStart / blocksPerChunk));
  }
  return { disk, contentChunks };
}

function patchPages({ root }: OpenImage, pages: readonly PatchedPage[]): ImageRoot['pages'] {
  const changed = new Map(pages.map(({ position, digest }) => [position, digest]));
  return root.pages.map(([page, digest], position) => [page, changed.get(position) ?? digest]);
}
