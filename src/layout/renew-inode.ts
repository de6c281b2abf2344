import { blockBytes, inodeBytes, maxExtentBlocks } from '../ext4/format.ts';
import type { ContentStart, StoredRecord } from '../ext4/read-inode.ts';
import type { Inode } from '../tree/inode.ts';
import { encodeInodeRecord, type PutBlock } from './encode-inode.ts';
import type { PlannedInode, PlannedRecord } from './planned-inode.ts';

/** An inode as it stands on a disk, with what of its place the tree does not tell. */
export interface StandingInode extends StoredRecord, ContentStart {
  readonly inodeNumber: number;
  readonly record: Buffer;
}

/**
 * True when the layout of a tree stays as it is if one inode takes the place of another: all inodes keep their numbers, all
 * contents their places, and nothing but the inode's own record and bytes changes on the disk. Says nothing of the root,
 * whose times and owners other inodes have too.
 */
export function keepsShape(before: PlannedInode, after: PlannedInode): boolean {
  return (
    before.inode.type === after.inode.type &&
    contentKindOf(before.inode) === contentKindOf(after.inode) &&
    before.treeBlocks === after.treeBlocks &&
    (before.xattrs.kind === 'block') === (after.xattrs.kind === 'block') &&
    before.dataRuns.length === after.dataRuns.length &&
    before.dataRuns.every((run, index) => {
      const other = after.dataRuns[index];
      return run.logical === other?.logical && run.blocks === other.blocks;
    })
  );
}

/**
 * Encodes the record of an inode in the place where `standing` is, whose shape it has; blocks of its extent tree and
 * extended attributes go through `putBlock`. Null for what no layout of ours has.
 */
export function renewRecord(
  planned: PlannedInode,
  standing: StandingInode,
  seed: number,
  putBlock: PutBlock,
): Buffer | null {
  const placed = placedAt(planned, standing);
  if (placed === null) return null;
  const record = Buffer.alloc(inodeBytes);
  encodeInodeRecord(placed, record, seed, putBlock);
  return record;
}

function placedAt(planned: PlannedInode, standing: StandingInode): PlannedRecord | null {
  const { inodeNumber, links, sizeBytes, xattrBlock } = standing;
  const common = { ...planned, inodeNumber, links };
  if (planned.inode.type === 'directory') {
    const blocks = sizeBytes / blockBytes;
    // With more, the extents would not fit into the record.
    if (blocks > maxExtentBlocks) return null;
    const kind = standing.isIndexed ? 'hashed' : 'linear';
    return { ...common, shape: { kind, blocks }, metadataStart: standing.dataStart };
  }
  const metadataStart = planned.treeBlocks > 0 ? standing.firstLeaf : xattrBlock;
  return { ...common, metadataStart, dataStart: standing.dataStart };
}

function contentKindOf(inode: Inode): string {
  return inode.type === 'file' ? inode.content.kind : '';
}
