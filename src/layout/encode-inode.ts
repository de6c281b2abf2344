import { inodeSeed } from '../ext4/checksum-seed.ts';
import { encodeDirectory } from '../ext4/directory-blocks.ts';
import type { DirectoryEntry } from '../ext4/directory-entry.ts';
import {
  encodeExtentTree,
  splitExtents,
  type Extent,
  type ExtentTree,
} from '../ext4/extent-tree.ts';
import { blockBytes, inodeFlags, modeTypeBits } from '../ext4/format.ts';
import { encodeDeviceNumber, sealInodeRecord, writeInodeRecord } from '../ext4/inode-record.ts';
import { encodeXattrBlock, writeInodeXattrs } from '../ext4/xattr-encoding.ts';
import {
  dataBlocksOf,
  metadataBlocksOf,
  type PlannedInode,
  type PlannedRecord,
} from './planned-inode.ts';

/** Receives a block of metadata with its place on the disk. */
export type PutBlock = (block: number, bytes: Buffer) => void;

/**
 * Encodes an inode whose number and places are known: its record into `target` (256 bytes of zeros), its directory,
 * extent tree and xattr blocks through `putBlock`. `seed` is the file system's checksum seed.
 */
export function encodeInode(
  planned: PlannedInode,
  target: Buffer,
  seed: number,
  putBlock: PutBlock,
): void {
  putDirectoryBlocks(planned, inodeSeed(seed, planned.inodeNumber), putBlock);
  encodeInodeRecord(planned, target, seed, putBlock);
}

/** The same without the blocks of a directory. */
export function encodeInodeRecord(
  planned: PlannedRecord,
  target: Buffer,
  seed: number,
  putBlock: PutBlock,
): void {
  const { inode } = planned;
  const ownSeed = inodeSeed(seed, planned.inodeNumber);
  const directoryBlocks = planned.shape?.blocks ?? 0;
  const treeStart = planned.metadataStart + directoryBlocks;
  const xattrBlock = planned.xattrs.kind === 'block' ? treeStart + planned.treeBlocks : 0;
  const { blockField, tree } = encodeBlockField(planned, treeStart, ownSeed);
  tree?.blocks.forEach((bytes, index) => putBlock(treeStart + index, bytes));
  if (planned.xattrs.kind === 'block') {
    putBlock(xattrBlock, encodeXattrBlock(planned.xattrs.entries, xattrBlock, seed));
  }
  writeInodeRecord(target, {
    mode: modeTypeBits[inode.type] | inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    sizeBytes: sizeOf(planned),
    links: planned.links,
    blocks: dataBlocksOf(planned) + metadataBlocksOf(planned),
    flags:
      (tree === null ? 0 : inodeFlags.extents) |
      (planned.shape?.kind === 'hashed' ? inodeFlags.index : 0),
    blockField,
    xattrBlock,
    mtime: inode.mtime,
  });
  if (planned.xattrs.kind === 'inode') writeInodeXattrs(target, planned.xattrs.entries);
  sealInodeRecord(target, ownSeed);
}

const noBlocks = Buffer.alloc(60);

function encodeBlockField(
  planned: PlannedRecord,
  treeStart: number,
  seed: number,
): { blockField: Buffer; tree: ExtentTree | null } {
  const { inode } = planned;
  if (inode.type === 'char' || inode.type === 'block') {
    return { blockField: encodeDeviceNumber(inode.major, inode.minor), tree: null };
  }
  if (inode.type === 'fifo' || inode.type === 'socket') return { blockField: noBlocks, tree: null };
  if (inode.type === 'symlink' && planned.dataRuns.length === 0) {
    const blockField = Buffer.allocUnsafe(60).fill(0);
    blockField.write(inode.target, 'latin1');
    return { blockField, tree: null };
  }
  const tree = encodeExtentTree(splitExtents(extentsOf(planned)), treeStart, seed);
  return { blockField: tree.root, tree };
}

function extentsOf(planned: PlannedRecord): Extent[] {
  if (planned.shape !== null) {
    return [{ logical: 0, physical: planned.metadataStart, blocks: planned.shape.blocks }];
  }
  return planned.dataRuns.map((run) => ({
    logical: run.logical,
    physical: planned.dataStart + run.offset,
    blocks: run.blocks,
  }));
}

function putDirectoryBlocks(planned: PlannedInode, ownSeed: number, putBlock: PutBlock): void {
  if (planned.shape === null) return;
  const entries = planned.children.map((child): DirectoryEntry => ({
    name: child.name,
    inodeNumber: child.inode.inodeNumber,
    type: child.inode.inode.type,
  }));
  const blocks = encodeDirectory(planned.shape, entries, {
    inodeNumber: planned.inodeNumber,
    parentInodeNumber: planned.parent?.inodeNumber ?? planned.inodeNumber,
    seed: ownSeed,
  });
  blocks.forEach((bytes, index) => putBlock(planned.metadataStart + index, bytes));
}

function sizeOf(planned: PlannedRecord): number {
  const { inode } = planned;
  if (inode.type === 'directory') return (planned.shape?.blocks ?? 0) * blockBytes;
  if (inode.type === 'file') return inode.sizeBytes;
  return inode.type === 'symlink' ? inode.target.length : 0;
}
