import { blocksPerChunk } from '../ext4/format.ts';
import type { Geometry } from '../ext4/geometry.ts';
import type { KnownEntry, OrderedEntry } from '../tree/tree-order.ts';
import { collectInodes, type CollectedInodes, firstNames } from './collect-inodes.ts';
import { groupEntries, type EntryGroup } from './group-entries.ts';
import { type GroupOutline, largeFilesOf, type LayoutOutline } from './layout-outline.ts';
import { largeFileChunks } from './layout-parameters.ts';
import { cutSlabs, numberInodes } from './number-inodes.ts';
import { packBins, type Bin } from './pack-bins.ts';
import { placeOutline } from './place-outline.ts';
import { metadataBlocksOf, ownChunksOf, type PlannedInode } from './planned-inode.ts';
import type { PartSummary } from './split-sequence.ts';

/** A group with its stretch of the disk: metadata blocks, then bins, then files with chunks of their own. */
export interface PlannedGroup<Entry extends KnownEntry = OrderedEntry> {
  readonly outline: GroupOutline;
  readonly entries: readonly Entry[];
  readonly inodes: readonly PlannedInode[];
  readonly bins: readonly Bin[];
  /** Chunks of directory, extent tree and xattr blocks at the start. */
  readonly metadataChunks: number;
  /** First block on the disk. */
  startBlock: number;
}

/** Where everything of a tree goes on a disk of a given size. */
export interface LayoutPlan {
  readonly geometry: Geometry;
  readonly collected: CollectedInodes;
  readonly outline: LayoutOutline;
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
  const groups = entryGroups.map((group) =>
    planGroup({ ...group, inodes: inodesOf(group, collected) }),
  );
  const largeFiles = groups.flatMap(({ inodes }) => largeFilesOf(inodes));
  const outline = {
    groups: groups.map((group) => group.outline),
    directorySlabs: slabs.directories.map((slab) => slab.outline),
    largeFiles: largeFiles.map(({ path, inode }) => ({ path, chunks: ownChunksOf(inode) })),
  };
  const places = placeOutline(outline, diskBytes);
  numberInodes(slabs, collected, places);
  groups.forEach((group, index) => placeGroup(group, places.groups[index] ?? 0));
  largeFiles.forEach((file, index) => {
    file.dataStart = places.largeFiles[index] ?? 0;
  });
  return { geometry: places.geometry, collected, outline, groups, largeFiles };
}

/** The inodes whose first name is in a group, and the directory that only the root knows of. */
function inodesOf(group: EntryGroup, collected: CollectedInodes): PlannedInode[] {
  const inodes: PlannedInode[] = [];
  for (const planned of firstNames(group, collected)) {
    inodes.push(planned);
    if (planned === collected.root && collected.lostAndFound !== null)
      inodes.push(collected.lostAndFound);
  }
  return inodes;
}

/** Measures the stretch of a group, of whose inodes all shapes are known; places and numbers come later. */
export function planGroup<Entry extends KnownEntry>(group: {
  readonly key: GroupOutline['key'];
  readonly cut: PartSummary;
  readonly entries: readonly Entry[];
  readonly inodes: readonly PlannedInode[];
}): PlannedGroup<Entry> {
  const { key, entries, inodes } = group;
  const { weight, firstHash, restHash, isPeak } = group.cut;
  const bins = packBins(entries);
  const metadataBlocks = inodes.reduce((sum, planned) => sum + metadataBlocksOf(planned), 0);
  const metadataChunks = Math.ceil(metadataBlocks / blocksPerChunk);
  let chunks = metadataChunks + bins.length;
  for (const { inode } of inodes) {
    const own = ownChunksOf(inode);
    if (own < largeFileChunks) chunks += own;
  }
  const hasFiles = inodes.some(({ inode }) => inode.type !== 'directory');
  const outline = { key, weight, firstHash, restHash, isPeak, hasFiles, chunks };
  return { outline, entries, inodes, bins, metadataChunks, startBlock: 0 };
}

/** Puts all of a group into its stretch, but for files that are placed by themselves. */
export function placeGroup(group: PlannedGroup<KnownEntry>, startBlock: number): void {
  group.startBlock = startBlock;
  let metadataBlock = startBlock;
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
