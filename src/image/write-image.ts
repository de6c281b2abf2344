import type { ChunkWriter } from '../chunks/chunk-writer.ts';
import type { Effort } from '../chunks/codec.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { placesInBins } from '../layout/pack-bins.ts';
import { planLayout, type PlannedGroup } from '../layout/plan-layout.ts';
import { type KnownBins, writeLayout, type WrittenLayout } from '../layout/write-layout.ts';
import type { FileTree } from '../tree/file-tree.ts';
import { orderTree, type TreeEntry, treeKeyOf } from '../tree/tree-order.ts';
import { encodeTreePage } from '../tree/tree-page.ts';
import { encodeTreeRoot, type TreePageReference, type TreeTotals } from '../tree/tree-root.ts';
import type { Json } from './canonical-json.ts';
import { encodeImageRoot, type ImageConfig } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { encodeManifestPage, pageChunks } from './manifest-page.ts';
import { encodePlacement } from './placement.ts';
import { publishImage } from './publish-image.ts';
import { createSmallContentReader } from './small-content-reader.ts';

export interface ImageInput {
  readonly tree: FileTree;
  readonly config: ImageConfig;
  readonly diskBytes: number;
  /** How the image came to be; kept beside it and no part of its identity. */
  readonly provenance: Json;
  /** Has taken in, or knows the places of, every chunk that the tree refers to. */
  readonly writer: ChunkWriter;
  readonly knownBins?: KnownBins;
}

export interface WrittenImage {
  readonly digest: Digest;
  readonly diskBytes: number;
  /** Chunks that are not all zeros, and those of them that hold file system metadata. */
  readonly chunks: number;
  readonly metadataChunks: number;
  readonly totals: TreeTotals;
}

/**
 * Lays a tree out as a disk, stores what is not in the store yet, and publishes the image. Until the last step, the put
 * of the root, the image does not exist; what an interrupted call leaves is garbage that a collection removes. The digest
 * depends on tree, config and disk size alone.
 */
export async function writeImage(imageStore: ImageStore, input: ImageInput): Promise<WrittenImage> {
  const { writer } = input;
  const entries = orderTree(input.tree);
  const plan = planLayout(entries, input.diskBytes);
  const store = async (bytes: Buffer, effort: Effort): Promise<Digest> => {
    const digest = digestOf(bytes);
    await writer.add(digest, bytes, effort);
    return digest;
  };
  const storeBlob = (bytes: Buffer): Promise<Digest> => store(bytes, 'thorough');
  const readSmall = createSmallContentReader(imageStore.reader, writer);
  const layout = await writeLayout(
    plan,
    {
      storeChunk: (bytes, kind) => store(bytes, kind === 'metadata' ? 'thorough' : 'fast'),
      readSmall,
    },
    input.knownBins ?? new Map(),
  );
  const treePages: TreePageReference[] = [];
  for (const group of plan.groups) treePages.push(await writeTreePage(group, layout, storeBlob));
  const totals = countTotals(entries);
  const tree = await storeBlob(encodeTreeRoot({ totals, pages: treePages }));
  const manifest = groupByPage(layout);
  const pages: [number, Digest][] = [];
  for (const [page, chunks] of manifest)
    pages.push([page, await storeBlob(encodeManifestPage(chunks))]);
  const root = encodeImageRoot({ diskBytes: input.diskBytes, pages, tree, config: input.config });
  const digest = digestOf(root);
  await writer.flush();
  const blobDigests = [
    ...pages.map(([, page]) => page),
    tree,
    ...treePages.map((page) => page.digest),
  ];
  const placement = {
    blobs: blobDigests.map((blob) => locate(writer, blob)),
    pages: [...manifest.values()].map((chunks) =>
      [...chunks.values()].map((chunk) => locate(writer, chunk)),
    ),
  };
  await checkPacks(imageStore, [placement.blobs, ...placement.pages]);
  const { provenance } = input;
  await publishImage(imageStore.objects, {
    digest,
    root,
    placement: encodePlacement(placement),
    provenance,
  });
  return {
    digest,
    diskBytes: input.diskBytes,
    chunks: layout.chunks.length,
    metadataChunks: layout.metadataChunks,
    totals,
  };
}

async function writeTreePage(
  group: PlannedGroup,
  layout: WrittenLayout,
  storeBlob: (bytes: Buffer) => Promise<Digest>,
): Promise<TreePageReference> {
  const places = placesInBins(group.bins);
  const bins = layout.bins.get(group) ?? [];
  const digest = await storeBlob(encodeTreePage({ entries: group.entries, bins, places }));
  const [first] = group.entries;
  if (first === undefined) throw new AshlarError('internal', 'a group of no entries');
  return { digest, firstKey: treeKeyOf(first), entries: group.entries.length };
}

function groupByPage(layout: WrittenLayout): Map<number, Map<number, Digest>> {
  const pages = new Map<number, Map<number, Digest>>();
  for (const [index, digest] of layout.chunks) {
    const number = Math.floor(index / pageChunks);
    const page = pages.get(number) ?? new Map<number, Digest>();
    pages.set(number, page);
    page.set(index % pageChunks, digest);
  }
  return pages;
}

function countTotals(entries: readonly TreeEntry[]): TreeTotals {
  const totals = { directories: 0, files: 0, others: 0, hardLinks: 0, contentBytes: 0 };
  for (const { path, firstPath, inode } of entries) {
    if (path !== firstPath) totals.hardLinks += 1;
    else if (inode.type === 'directory') totals.directories += 1;
    else if (inode.type === 'file') {
      totals.files += 1;
      totals.contentBytes += inode.sizeBytes;
    } else totals.others += 1;
  }
  return totals;
}

function locate(writer: ChunkWriter, digest: Digest): PackLocation {
  const location = writer.locate(digest);
  if (location !== undefined) return location;
  throw new AshlarError('chunk_missing', `nobody knows where the chunk ${digest} is stored`, {
    data: { digest },
  });
}

/** Looked for anew: since the writer last did, a collection may have put a pack into quarantine, from where it is taken. */
async function checkPacks(
  imageStore: ImageStore,
  locations: readonly (readonly PackLocation[])[],
): Promise<void> {
  const packs = new Set<Digest>();
  for (const list of locations) for (const location of list) packs.add(location.pack);
  const [missing] = await imageStore.shelf.findMissing(packs);
  if (missing === undefined) return;
  throw new AshlarError(
    'pack_missing',
    `the pack ${missing} that the new image builds on is not in the store`,
    { data: { pack: missing } },
  );
}
