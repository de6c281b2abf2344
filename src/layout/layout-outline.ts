import type { BytePath } from '../bytes/byte-path.ts';
import { largeFileChunks, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { ownChunksOf, type PlannedInode } from './planned-inode.ts';
import type { PartSummary } from './split-sequence.ts';

/**
 * What the places of everything on a disk depend on, some bytes for each group: a function of the tree alone. With it, a
 * change of the tree can be laid out by looking at what is around it.
 */
export interface LayoutOutline {
  /** In the order of the tree. */
  readonly groups: readonly GroupOutline[];
  /** Slabs of directories, in the order of the tree. */
  readonly directorySlabs: readonly SlabOutline[];
  readonly largeFiles: readonly LargeFileOutline[];
}

export interface GroupOutline extends PartSummary {
  /** The path of the first entry. */
  readonly key: BytePath;
  /** Whether it has a slab of inodes: anything but directories and later names. */
  readonly hasFiles: boolean;
  /** The length of its stretch of the disk. */
  readonly chunks: number;
}

/** Its weight is the number of its directories. */
export interface SlabOutline extends PartSummary {
  /** The path of the first directory. */
  readonly key: BytePath;
}

/** A file that is placed by itself. */
export interface LargeFileOutline {
  readonly path: BytePath;
  readonly chunks: number;
}

/** The files among these inodes that are placed by themselves. */
export function largeFilesOf<T extends Pick<PlannedInode, 'inode' | 'path'>>(
  inodes: readonly T[],
): T[] {
  return inodes.filter(({ inode }) => ownChunksOf(inode) >= largeFileChunks);
}

export function groupHash(key: BytePath): number {
  return pathHash(key, salts.groupCut);
}

export function directoryHash(key: BytePath): number {
  return pathHash(key, salts.directoryCut);
}
