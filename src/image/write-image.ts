import type { ChunkWriter } from '../chunks/chunk-writer.ts';
import type { Effort } from '../chunks/codec.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { planLayout } from '../layout/plan-layout.ts';
import { type KnownBins, type LayoutSink, writeLayout } from '../layout/write-layout.ts';
import type { FileTree } from '../tree/file-tree.ts';
import { orderTree } from '../tree/tree-order.ts';
import type { TreeTotals } from '../tree/tree-root.ts';
import type { Json } from './canonical-json.ts';
import { expectPacks } from './expect-packs.ts';
import { encodeImageRoot, type ImageConfig } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { encodePlacement, type Placement } from './placement.ts';
import { publishImage } from './publish-image.ts';
import { createSmallContentReader } from './small-content-reader.ts';
import { writeManifest, type WrittenManifestPage } from './write-manifest.ts';
import { writeTree, type WrittenTree } from './write-tree.ts';

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
  const { writer, config, diskBytes, provenance } = input;
  const entries = orderTree(input.tree);
  const plan = planLayout(entries, diskBytes);
  const storeBlob = (bytes: Buffer): Promise<Digest> => store(writer, bytes, 'thorough');
  const sink: LayoutSink = {
    storeChunk: (bytes, kind) => store(writer, bytes, kind === 'metadata' ? 'thorough' : 'fast'),
    readSmall: createSmallContentReader(imageStore.reader, writer),
  };
  const layout = await writeLayout(plan, sink, input.knownBins ?? new Map());
  const tree = await writeTree({ entries, groups: plan.groups, layout }, storeBlob);
  const pages = await writeManifest(layout, storeBlob);
  await writer.flush();
  const root = encodeImageRoot({
    diskBytes,
    pages: pages.map(({ page, digest }) => [page, digest]),
    tree: tree.root,
    config,
  });
  const digest = digestOf(root);
  const places = placementOf(writer, pages, tree);
  await expectPacks(imageStore, packsOf(places));
  const placement = encodePlacement(places);
  await publishImage(imageStore.objects, { digest, root, placement, provenance });
  return {
    digest,
    diskBytes,
    chunks: layout.chunks.length,
    metadataChunks: layout.metadataChunks,
    totals: tree.totals,
  };
}

async function store(writer: ChunkWriter, bytes: Buffer, effort: Effort): Promise<Digest> {
  const digest = digestOf(bytes);
  await writer.add(digest, bytes, effort);
  return digest;
}

function placementOf(
  writer: ChunkWriter,
  pages: readonly WrittenManifestPage[],
  tree: WrittenTree,
): Placement {
  const blobs = [...pages.map(({ digest }) => digest), tree.root, ...tree.pages];
  return {
    blobs: blobs.map((blob) => locate(writer, blob)),
    pages: pages.map(({ chunks }) => chunks.map((chunk) => locate(writer, chunk))),
  };
}

function locate(writer: ChunkWriter, digest: Digest): PackLocation {
  const location = writer.locate(digest);
  if (location !== undefined) return location;
  throw new AshlarError('chunk_missing', `nobody knows where the chunk ${digest} is stored`, {
    data: { digest },
  });
}

function packsOf({ blobs, pages }: Placement): Set<Digest> {
  const packs = new Set<Digest>();
  for (const locations of [blobs, ...pages]) for (const { pack } of locations) packs.add(pack);
  return packs;
}
