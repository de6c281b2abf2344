import type { ChunkWriter } from '../chunks/chunk-writer.ts';
import type { Digest } from '../digest/digest.ts';
import { planLayout } from '../layout/plan-layout.ts';
import { type KnownBins, type LayoutSink, writeLayout } from '../layout/write-layout.ts';
import type { FileTree } from '../tree/file-tree.ts';
import { orderTree } from '../tree/tree-order.ts';
import type { TreeTotals } from '../tree/tree-root.ts';
import type { Json } from './canonical-json.ts';
import type { ImageConfig, ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import type { Placement } from './placement.ts';
import { publishRoot } from './publish-root.ts';
import { createSmallContentReader } from './small-content-reader.ts';
import { createPartsWriter, type PartsWriter } from './store-parts.ts';
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
  const parts = createPartsWriter(writer);
  const sink: LayoutSink = {
    storeChunk: parts.storeChunk,
    readSmall: createSmallContentReader(imageStore.reader, writer),
  };
  const layout = await writeLayout(plan, sink, input.knownBins ?? new Map());
  const tree = await writeTree({ entries, groups: plan.groups, layout }, parts.storeBlob);
  const pages = await writeManifest(layout, parts.storeBlob);
  await writer.flush();
  const root: ImageRoot = {
    diskBytes,
    pages: pages.map(({ page, digest }) => [page, digest]),
    tree: tree.root,
    config,
  };
  const places = placementOf(parts, pages, tree);
  const digest = await publishRoot(imageStore, {
    root,
    places,
    outline: plan.outline,
    provenance,
  });
  return {
    digest,
    diskBytes,
    chunks: layout.chunks.length,
    metadataChunks: layout.metadataChunks,
    totals: tree.totals,
  };
}

function placementOf(
  parts: PartsWriter,
  pages: readonly WrittenManifestPage[],
  tree: WrittenTree,
): Placement {
  const blobs = [...pages.map(({ digest }) => digest), tree.root, ...tree.pages];
  return {
    blobs: blobs.map((blob) => parts.locate(blob)),
    pages: pages.map(({ chunks }) => chunks.map((chunk) => parts.locate(chunk))),
  };
}
