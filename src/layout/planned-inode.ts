import type { BytePath } from '../bytes/byte-path.ts';
import type { DirectoryShape } from '../ext4/directory-blocks.ts';
import type { XattrPlan } from '../ext4/xattr-encoding.ts';
import type { Inode } from '../tree/inode.ts';

/** A child as its directory will list it, once numbers are given. */
export interface PlannedChild {
  readonly name: BytePath;
  readonly inode: ListedInode;
}

/** What a directory says of an inode that it lists. */
export interface ListedInode {
  readonly inode: Pick<Inode, 'type'>;
  readonly inodeNumber: number;
}

/** A run of a file's blocks before the file has a place: positions count from the start of the file's data. */
export interface DataRun {
  /** First block in the file. */
  readonly logical: number;
  /** First block within the file's own data. */
  readonly offset: number;
  readonly blocks: number;
}

/** An inode on its way to the disk: what it needs is known at once, where it goes is filled in by the plan. */
export interface PlannedInode {
  readonly inode: Inode;
  readonly path: BytePath;
  readonly xattrs: XattrPlan;
  /** The shape of a directory, known once all children are; null for everything else. */
  shape: DirectoryShape | null;
  readonly children: PlannedChild[];
  readonly dataRuns: readonly DataRun[];
  /** Blocks of the extent tree outside of the inode. */
  treeBlocks: number;
  /** Names of the inode; for a directory, its own two and one for each subdirectory. */
  links: number;
  inodeNumber: number;
  parent: Pick<ListedInode, 'inodeNumber'> | null;
  /** First disk block of the inode's metadata blocks: directory blocks, or extent tree, then the xattr block. */
  metadataStart: number;
  /** First disk block of the data; 0 where there is none. */
  dataStart: number;
}

/** What of a planned inode its record tells; of a directory no more than how many blocks it has, and of which kind. */
export interface PlannedRecord extends Omit<
  PlannedInode,
  'shape' | 'children' | 'parent' | 'path'
> {
  readonly shape: Pick<DirectoryShape, 'kind' | 'blocks'> | null;
}

/** Metadata blocks that the inode owns outside of the inode table. */
export function metadataBlocksOf(planned: PlannedRecord): number {
  return (
    (planned.shape?.blocks ?? 0) + planned.treeBlocks + (planned.xattrs.kind === 'block' ? 1 : 0)
  );
}

/** Data blocks that the inode owns. */
export function dataBlocksOf(planned: PlannedRecord): number {
  return planned.dataRuns.reduce((sum, run) => sum + run.blocks, 0);
}

/** Chunks of data that an inode has of its own; small contents live in bins and count 0. */
export function ownChunksOf(inode: Inode): number {
  if (inode.type !== 'file' || inode.content.kind !== 'chunked') return 0;
  return inode.content.runs.reduce((sum, run) => sum + run.digests.length, 0);
}
