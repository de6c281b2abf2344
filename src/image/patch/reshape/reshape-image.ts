import type { BytePath } from '../../../bytes/byte-path.ts';
import type { PackLocation } from '../../../chunks/pack-format.ts';
import type { Digest } from '../../../digest/digest.ts';
import { planDirectory } from '../../../ext4/directory-blocks.ts';
import { directoryHashSeed } from '../../../layout/layout-parameters.ts';
import type { LayoutSink } from '../../../layout/write-layout.ts';
import type { LayoutOutline } from '../../../layout/layout-outline.ts';
import { parentOf } from '../../../tree/file-tree.ts';
import type { ImageStore } from '../../image-store.ts';
import type { OpenImage } from '../../open-image.ts';
import { decodeOutline, readOutlineBytes } from '../../outline-file.ts';
import { publishRoot } from '../../publish-root.ts';
import { createSmallContentReader } from '../../small-content-reader.ts';
import { createPartsWriter } from '../../store-parts.ts';
import type { ImagePatch } from '../patch-image.ts';
import { editTree, type TreeEdits } from './edit-tree.ts';
import { createKnownPages, type KnownPages } from './known-pages.ts';
import { createNamesAfter, isGone, isNewDirectory, type NamesAfter } from './names-after.ts';
import { type NextLayout, planNextLayout } from './next-layout.ts';
import { createKnownSlabs } from './recut-slabs.ts';
import { renumberInodes } from './renumber-inodes.ts';
import { type RewrittenChunks, rewriteDisk } from './rewrite-disk.ts';
import { placesOfChunks, rewriteManifest } from './rewrite-manifest.ts';
import { rewriteTree } from './rewrite-tree.ts';
import { createRewrittenDisk, type RewrittenDisk } from './rewritten-disk.ts';
import { createStoredDirectories, type StoredDirectories } from './stored-directories.ts';
import { createStoredDisk, type StoredDisk } from './stored-disk.ts';
import { unsure } from './unsure.ts';

interface Reshaping {
  readonly imageStore: ImageStore;
  readonly base: OpenImage;
  readonly patch: ImagePatch;
  readonly pages: KnownPages;
  readonly disk: StoredDisk;
  readonly edits: TreeEdits;
}

/**
 * Publishes the image that has the files of `base`, changed in any way, by laying out anew what the changes move and nothing
 * else. Throws `Unsure` where that is not certain to give what the layout of the whole tree gives, or not worth it.
 */
export async function reshapeImage(
  imageStore: ImageStore,
  base: OpenImage,
  patch: ImagePatch,
): Promise<Digest> {
  const [tree, bytes] = await Promise.all([
    base.tree(),
    readOutlineBytes(imageStore.objects, base.digest),
  ]);
  const { root } = tree;
  const outline = bytes === null ? null : decodeOutline(bytes, base.root.tree, root);
  if (outline === null) return unsure('no outline');
  const pages = createKnownPages(imageStore, base, { root, outline });
  const edits = await editTree(pages, {
    puts: patch.puts,
    removals: patch.removals ?? new Set(),
  });
  const disk = createStoredDisk(base);
  const reshaping = { imageStore, base, patch, pages, disk, edits };
  const { layout, directories } = await planLayouts(reshaping, outline);
  const numbers = await renumberInodes({ layout, edits, pages, disk, directories });
  return publish(reshaping, layout, (rewritten, sink) =>
    rewriteDisk({ layout, edits, pages, disk, directories, numbers, rewritten, sink }),
  );
}

async function planLayouts(
  { base, pages, disk, edits }: Reshaping,
  outline: LayoutOutline,
): Promise<{ readonly layout: NextLayout; readonly directories: StoredDirectories }> {
  const { diskBytes } = base.root;
  if (edits.removed.has('lost+found') || edits.added.has('lost+found'))
    unsure('lost+found comes or goes');
  const directories = createStoredDirectories(disk, diskBytes);
  const namesAfter = createNamesAfter(edits, directories);
  const touched = await touchedGroups({ pages, edits, directories, namesAfter });
  const layout = await planNextLayout({
    outline,
    diskBytes,
    pages,
    slabs: createKnownSlabs(pages, outline.directorySlabs),
    directories,
    edits,
    touched,
    sides: {
      before: { names: (path) => directories.at(path).names },
      after: { names: (path) => namesAfter(path, null) },
    },
  });
  return { layout, directories };
}

/** The groups of directories that take another number of blocks. */
async function touchedGroups({
  pages,
  edits,
  directories,
  namesAfter,
}: {
  readonly pages: KnownPages;
  readonly edits: TreeEdits;
  readonly directories: StoredDirectories;
  readonly namesAfter: NamesAfter;
}): Promise<Set<number>> {
  const parents = new Set([...edits.removed.keys(), ...edits.added.keys()].map(parentOf));
  const standing = [...parents].filter(
    (path) => !isGone(edits, path) && !isNewDirectory(edits, path),
  );
  await directories.load(standing);
  const grown = standing.filter(
    (path) => blocksOf(path, namesAfter) !== directories.at(path).blocks,
  );
  return new Set(grown.map((directory) => pages.numberOf({ directory, name: '' })));
}

function blocksOf(path: BytePath, namesAfter: NamesAfter): number {
  const names = namesAfter(path, null).map(({ name }) => name);
  return planDirectory(names, directoryHashSeed, path).blocks;
}

async function publish(
  { imageStore, base, patch, pages, disk, edits }: Reshaping,
  layout: NextLayout,
  rewrite: (rewritten: RewrittenDisk, sink: LayoutSink) => Promise<RewrittenChunks>,
): Promise<Digest> {
  const { writer, config, provenance } = patch;
  const parts = createPartsWriter(writer);
  const rewritten = createRewrittenDisk(disk, base.root.diskBytes);
  const readSmall = createSmallContentReader(imageStore.reader, {
    locate: (digest) => rewritten.locate(digest) ?? writer.locate(digest),
  });
  const sink = { storeChunk: parts.storeChunk, readSmall };
  const { digests, bins } = await rewrite(rewritten, sink);
  const source = { root: pages.root, pages: layout.pages, bins, edits };
  const tree = await rewriteTree(source, parts.storeBlob);
  const manifest = await rewriteManifest(base, disk, { digests, storeBlob: parts.storeBlob });
  await writer.flush();
  const chunkPlaces = await placesOfChunks(
    base,
    manifest,
    (digest) => rewritten.locate(digest) ?? parts.locate(digest),
  );
  const known = blobPlaces(base, pages);
  const blobs = [...manifest.pages.map(([, digest]) => digest), tree.root, ...tree.pages];
  const places = {
    blobs: blobs.map((digest) => known.get(digest) ?? parts.locate(digest)),
    pages: chunkPlaces,
  };
  const root = { ...base.root, pages: manifest.pages, tree: tree.root, config };
  return publishRoot(imageStore, { root, places, outline: layout.outline, provenance });
}

function blobPlaces({ root, placement }: OpenImage, pages: KnownPages): Map<Digest, PackLocation> {
  const digests = [
    ...root.pages.map(([, digest]) => digest),
    root.tree,
    ...pages.root.pages.map(({ digest }) => digest),
  ];
  return new Map(
    digests.map((digest, position) => [
      digest,
      placement.blobs[position] ?? unsure('a blob without a place'),
    ]),
  );
}
