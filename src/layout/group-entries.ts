import type { BytePath } from '../bytes/byte-path.ts';
import type { KnownEntry, OrderedEntry } from '../tree/tree-order.ts';
import { groupHash } from './layout-outline.ts';
import { groupLimits, maxGroupChunks } from './layout-parameters.ts';
import { ownChunksOf } from './planned-inode.ts';
import { cutSequence, type PartSummary, type WeighedSequence } from './split-sequence.ts';

/** A run of neighbours in the canonical order: a page of the tree, a slab of inodes, a stretch of the disk. */
export interface EntryGroup {
  /** The path of the first entry. */
  readonly key: BytePath;
  readonly entries: readonly OrderedEntry[];
  /** Position of the first among all entries. */
  readonly start: number;
  readonly cut: PartSummary;
}

/**
 * Cuts an ordered tree into groups where the hash of a path says so, so that a change of the tree moves only the cuts
 * beside it.
 */
export function groupEntries(entries: readonly OrderedEntry[]): EntryGroup[] {
  return cutSequence(entrySequence(entries), groupLimits).map((cut) => ({
    key: entries[cut.start]?.path ?? '',
    entries: entries.slice(cut.start, cut.end),
    start: cut.start,
    cut,
  }));
}

/** Entries as the cuts between groups see them. */
export function entrySequence(entries: readonly KnownEntry[]): WeighedSequence {
  return {
    weights: entries.map(entryWeight),
    hashes: entries.map(({ path }) => groupHash(path)),
  };
}

/** What an entry takes of a group: room in the slab, in the page of the tree, or in the page's list of chunks. */
export function entryWeight({ inode, path, firstPath }: KnownEntry): number {
  if (firstPath !== path || inode === null || inode.type === 'directory') return 1;
  const listed = (ownChunksOf(inode) * groupLimits.maxWeight) / maxGroupChunks;
  return Math.max(2, Math.ceil(listed));
}
