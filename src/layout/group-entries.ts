import type { BytePath } from '../bytes/byte-path.ts';
import type { OrderedEntry } from '../tree/tree-order.ts';
import { groupLimits, maxGroupChunks, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { ownChunksOf } from './planned-inode.ts';
import { splitSequence } from './split-sequence.ts';

/** A run of neighbours in the canonical order: a page of the tree, a slab of inodes, a stretch of the disk. */
export interface EntryGroup {
  /** The path of the first entry. */
  readonly key: BytePath;
  readonly entries: readonly OrderedEntry[];
  /** Position of the first among all entries. */
  readonly start: number;
}

/**
 * Cuts an ordered tree into groups where the hash of a path says so, so that a change of the tree moves only the cuts
 * beside it.
 */
export function groupEntries(entries: readonly OrderedEntry[]): EntryGroup[] {
  const sequence = {
    weights: entries.map(weightOf),
    hashes: entries.map(({ path }) => pathHash(path, salts.groupCut)),
  };
  return splitSequence(sequence, groupLimits).map(({ start, end }) => ({
    key: entries[start]?.path ?? '',
    entries: entries.slice(start, end),
    start,
  }));
}

/** What an entry takes of a group: room in the slab, in the page of the tree, or in the page's list of chunks. */
function weightOf({ inode, path, firstPath }: OrderedEntry): number {
  if (firstPath !== path || inode.type === 'directory') return 1;
  const listed = (ownChunksOf(inode) * groupLimits.maxWeight) / maxGroupChunks;
  return Math.max(2, Math.ceil(listed));
}
