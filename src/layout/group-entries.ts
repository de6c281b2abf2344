import type { BytePath } from '../bytes/byte-path.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import {
  groupCutRate,
  maxGroupChunks,
  maxGroupEntries,
  maxGroupInodes,
  salts,
} from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { ownChunksOf } from './planned-inode.ts';

/** A run of neighbours in the canonical order: a page of the tree, a slab of inodes, a stretch of the disk. */
export interface EntryGroup {
  /** The path of the first entry. */
  readonly key: BytePath;
  readonly entries: readonly TreeEntry[];
}

/**
 * Cuts an ordered tree into groups where the hash of a path says so, so that a change of the tree moves only the cuts
 * beside it.
 */
export function groupEntries(entries: readonly TreeEntry[]): EntryGroup[] {
  const groups: EntryGroup[] = [];
  let current: TreeEntry[] = [];
  let inodes = 0;
  let chunks = 0;
  const close = (): void => {
    groups.push({ key: current[0]?.path ?? '', entries: current });
    current = [];
    inodes = 0;
    chunks = 0;
  };
  for (const entry of entries) {
    const ownChunks = entry.firstPath === entry.path ? ownChunksOf(entry.inode) : 0;
    const isFull =
      inodes >= maxGroupInodes ||
      current.length >= maxGroupEntries ||
      chunks + ownChunks > maxGroupChunks;
    const isCut = isFull || pathHash(entry.path, salts.groupCut) % groupCutRate === 0;
    if (current.length > 0 && isCut) close();
    current.push(entry);
    chunks += ownChunks;
    if (entry.inode.type !== 'directory' && entry.firstPath === entry.path) inodes += 1;
  }
  close();
  return groups;
}
