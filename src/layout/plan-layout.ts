import { AshlarError } from '../errors/ashlar-error.ts';
import { blocksPerChunk } from '../ext4/format.ts';
import { type Geometry, planGeometry } from '../ext4/geometry.ts';
import { chunkBytes } from '../tree/inode.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import { collectInodes, type CollectedInodes } from './collect-inodes.ts';
import { groupEntries, type EntryGroup } from './group-entries.ts';
import { largeFileChunks, salts } from './layout-parameters.ts';
import { cutSlabs, numberInodes } from './number-inodes.ts';
import { packBins, type Bin } from './pack-bins.ts';
import { pathHash } from './path-hash.ts';
import { placeItems, type PlacedItem } from './place-items.ts';
import { metadataBlocksOf, type PlannedInode } from './planned-inode.ts';

/** A group with its stretch of the disk: metadata blocks, then bins, then files of 64 KiB and more. */
export interface PlannedGroup {
  readonly entries: readonly TreeEntry[];
  readonly inodes: readonly PlannedInode[];
  readonly bins: readonly Bin[];
  /** Chunks of directory, extent tree and xattr blocks at the start. */
  readonly metadataChunks: number;
  /** Chunks in all, without files that are placed by themselves. */
  readonly chunks: number;
  /** First block on the disk. */
  startBlock: number;
}

/** Where everything of a tree goes on a disk of a given size. */
export interface LayoutPlan {
  readonly geometry: Geometry;
  readonly collected: CollectedInodes;
  readonly groups: readonly PlannedGroup[];
  /** Files of 4 MiB and more, each with its own place. */
  readonly largeFiles: readonly PlannedInode[];
}

/**
 * Plans the layout of an ordered tree: a pure function of the entries and the size, and one in which equal parts of
 * two trees mostly get equal inode numbers and equal places, so that their metadata is equal too. Throws
 * `image_too_large` with the size that would do.
 */
export function planLayout(entries: readonly TreeEntry[], diskBytes: number): LayoutPlan {
  const collected = collectInodes(entries);
  const entryGroups = groupEntries(entries);
  const slabs = cutSlabs(entryGroups, collected);
  const geometry = planGeometry(diskBytes, slabs.length + 1);
  numberInodes(slabs, collected, geometry.inodeSlabs);
  const largeFiles: PlannedInode[] = [];
  const groups = entryGroups.map((group) => planGroup(group, collected, largeFiles));
  placeData(groups, largeFiles, geometry);
  groups.forEach(placeWithinGroup);
  return { geometry, collected, groups, largeFiles };
}

/** Chunks of data that a file has of its own; small contents live in bins and count 0. */
export function ownChunksOf(planned: PlannedInode): number {
  const { inode } = planned;
  if (inode.type !== 'file' || inode.content.kind !== 'chunked') return 0;
  return inode.content.runs.reduce((sum, run) => sum + run.digests.length, 0);
}

function planGroup(
  group: EntryGroup,
  collected: CollectedInodes,
  largeFiles: PlannedInode[],
): PlannedGroup {
  const inodes: PlannedInode[] = [];
  for (const entry of group.entries) {
    const planned = collected.byInode.get(entry.inode);
    if (planned !== undefined && entry.firstPath === entry.path) inodes.push(planned);
    if (planned === collected.root && collected.lostAndFound !== null)
      inodes.push(collected.lostAndFound);
  }
  const bins = packBins(group.entries);
  const metadataBlocks = inodes.reduce((sum, planned) => sum + metadataBlocksOf(planned), 0);
  const metadataChunks = Math.ceil(metadataBlocks / blocksPerChunk);
  let chunks = metadataChunks + bins.length;
  for (const planned of inodes) {
    const own = ownChunksOf(planned);
    if (own >= largeFileChunks) largeFiles.push(planned);
    else chunks += own;
  }
  return { entries: group.entries, inodes, bins, metadataChunks, chunks, startBlock: 0 };
}

function placeData(
  groups: readonly PlannedGroup[],
  largeFiles: readonly PlannedInode[],
  geometry: Geometry,
): void {
  const items: PlacedItem[] = [];
  for (const group of groups) {
    const path = group.entries[0]?.path ?? '';
    items.push({
      hash: pathHash(path, salts.groupPlace),
      key: `group:${path}`,
      slots: group.chunks,
    });
  }
  for (const file of largeFiles) {
    items.push({
      hash: pathHash(file.path, salts.filePlace),
      key: `file:${file.path}`,
      slots: ownChunksOf(file),
    });
  }
  const starts = placeItems(items, geometry.dataChunks);
  if (starts === null) throw tooLarge(items, geometry);
  const blockOf = (index: number): number =>
    geometry.dataStart + (starts[index] ?? 0) * blocksPerChunk;
  groups.forEach((group, index) => {
    group.startBlock = blockOf(index);
  });
  largeFiles.forEach((file, index) => {
    file.dataStart = blockOf(groups.length + index);
  });
}

function placeWithinGroup(group: PlannedGroup): void {
  let metadataBlock = group.startBlock;
  let dataBlock = group.startBlock + group.metadataChunks * blocksPerChunk;
  const smallPlaces = new Map<unknown, number>();
  for (const bin of group.bins) {
    for (const item of bin.items) smallPlaces.set(item.inode, dataBlock + item.block);
    dataBlock += blocksPerChunk;
  }
  for (const planned of group.inodes) {
    planned.metadataStart = metadataBlock;
    metadataBlock += metadataBlocksOf(planned);
    const own = ownChunksOf(planned);
    if (own >= largeFileChunks) continue;
    planned.dataStart = own > 0 ? dataBlock : (smallPlaces.get(planned.inode) ?? 0);
    dataBlock += own * blocksPerChunk;
  }
}

function tooLarge(items: readonly PlacedItem[], geometry: Geometry): AshlarError {
  const chunks = items.reduce((sum, item) => sum + item.slots, 0);
  const missingChunks = chunks - geometry.dataChunks;
  const mib = 1024 * 1024;
  // Another 2 % for the inode tables and bitmaps of the larger disk.
  const neededBytes = geometry.diskBytes + missingChunks * chunkBytes * 1.02;
  const neededMib = Math.ceil(neededBytes / (64 * mib)) * 64;
  return new AshlarError(
    'image_too_large',
    `the image needs ${Math.ceil((chunks * chunkBytes) / mib)} MiB for data; a disk of ${geometry.diskBytes / mib} MiB has ${Math.floor((geometry.dataChunks * chunkBytes) / mib)} MiB`,
    {
      data: { diskBytes: geometry.diskBytes, dataBytes: chunks * chunkBytes, neededMib },
      hint: `Ask for a larger disk: --disk ${neededMib}M, and more for what the machine will write.`,
    },
  );
}
