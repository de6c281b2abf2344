import { AshlarError } from '../errors/ashlar-error.ts';
import { blocksPerChunk } from '../ext4/format.ts';
import { type Geometry, planGeometry } from '../ext4/geometry.ts';
import type { OrderedEntry } from '../tree/tree-order.ts';
import { collectInodes, type CollectedInodes, firstNames } from './collect-inodes.ts';
import { groupEntries, type EntryGroup } from './group-entries.ts';
import { largeFileChunks, salts } from './layout-parameters.ts';
import { cutSlabs, numberInodes } from './number-inodes.ts';
import { packBins, type Bin } from './pack-bins.ts';
import { pathHash } from './path-hash.ts';
import { placeItems, type PlacedItem } from './place-items.ts';
import { metadataBlocksOf, ownChunksOf, type PlannedInode } from './planned-inode.ts';

/** A group with its stretch of the disk: metadata blocks, then bins, then files with chunks of their own. */
export interface PlannedGroup {
  readonly entries: readonly OrderedEntry[];
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
export function planLayout(entries: readonly OrderedEntry[], diskBytes: number): LayoutPlan {
  const collected = collectInodes(entries);
  const entryGroups = groupEntries(entries);
  const slabs = cutSlabs(entryGroups, collected);
  const largeFiles: PlannedInode[] = [];
  const groups = entryGroups.map((group) => planGroup(group, collected, largeFiles));
  const items = itemsOf(groups, largeFiles);
  const dataChunks = items.reduce((sum, item) => sum + item.slots, 0);
  const geometry = planGeometry(diskBytes, { inodeSlabs: slabs.length + 1, dataChunks });
  numberInodes(slabs, collected, geometry.inodeSlabs);
  const starts = placeItems(items, geometry.dataChunks);
  if (starts === null)
    throw new AshlarError('internal', `no room for ${dataChunks} chunks in ${geometry.dataChunks}`);
  const blocks = starts.map((start) => geometry.dataStart + start * blocksPerChunk);
  groups.forEach((group, index) => {
    group.startBlock = blocks[index] ?? 0;
    placeWithinGroup(group);
  });
  largeFiles.forEach((file, index) => {
    file.dataStart = blocks[groups.length + index] ?? 0;
  });
  return { geometry, collected, groups, largeFiles };
}

function planGroup(
  group: EntryGroup,
  collected: CollectedInodes,
  largeFiles: PlannedInode[],
): PlannedGroup {
  const inodes: PlannedInode[] = [];
  for (const planned of firstNames(group, collected)) {
    inodes.push(planned);
    if (planned === collected.root && collected.lostAndFound !== null)
      inodes.push(collected.lostAndFound);
  }
  const bins = packBins(group.entries);
  const metadataBlocks = inodes.reduce((sum, planned) => sum + metadataBlocksOf(planned), 0);
  const metadataChunks = Math.ceil(metadataBlocks / blocksPerChunk);
  let chunks = metadataChunks + bins.length;
  for (const planned of inodes) {
    const own = ownChunksOf(planned.inode);
    if (own >= largeFileChunks) largeFiles.push(planned);
    else chunks += own;
  }
  return { entries: group.entries, inodes, bins, metadataChunks, chunks, startBlock: 0 };
}

/** What is placed by itself: the groups, then the large files. */
function itemsOf(
  groups: readonly PlannedGroup[],
  largeFiles: readonly PlannedInode[],
): PlacedItem[] {
  const groupItems = groups.map((group) => {
    const path = group.entries[0]?.path ?? '';
    return { hash: pathHash(path, salts.groupPlace), key: `group:${path}`, slots: group.chunks };
  });
  const fileItems = largeFiles.map((file) => ({
    hash: pathHash(file.path, salts.filePlace),
    key: `file:${file.path}`,
    slots: ownChunksOf(file.inode),
  }));
  return [...groupItems, ...fileItems];
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
    const own = ownChunksOf(planned.inode);
    if (own >= largeFileChunks) continue;
    planned.dataStart = own > 0 ? dataBlock : (smallPlaces.get(planned.inode) ?? 0);
    dataBlock += own * blocksPerChunk;
  }
}
