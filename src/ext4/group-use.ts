import { crc32c, crc32cOfUint32 } from './crc32c.ts';
import { blockBytes, blocksPerGroup, groupFlags, inodesPerChunk } from './format.ts';
import type { Geometry } from './geometry.ts';

/** What of a block group is in use. */
export interface GroupUse {
  readonly blockBitmap: Buffer;
  readonly inodeBitmap: Buffer;
  usedBlocks: number;
  usedInodes: number;
  usedDirectories: number;
  lastInode: number;
}

/** Marks blocks of a group, by their numbers in it, that were free. */
export function markBlocks(
  use: GroupUse,
  run: { readonly start: number; readonly end: number },
): void {
  setBits(use.blockBitmap, run.start, run.end);
  use.usedBlocks += run.end - run.start;
}

/** Marks an inode of a group, by its number in it, that was free. */
export function markInode(use: GroupUse, index: number, kind: 'directory' | 'other'): void {
  setBits(use.inodeBitmap, index, index + 1);
  use.usedInodes += 1;
  use.usedDirectories += kind === 'directory' ? 1 : 0;
  use.lastInode = Math.max(use.lastInode, index);
}

/** The bitmaps as they are on the disk; null for one of zeros. */
export function bitmapsOf(
  geometry: Geometry,
  group: number,
  use: GroupUse,
): Record<'blockBitmap' | 'inodeBitmap', Buffer | null> {
  // That of the last group is zero where the group is whole and free.
  const hasBlocks = use.usedBlocks > 0 || blocksInGroup(geometry, group) < blocksPerGroup;
  return {
    blockBitmap: hasBlocks ? use.blockBitmap : null,
    inodeBitmap: use.usedInodes > 0 ? use.inodeBitmap : null,
  };
}

export interface DescriptorInput {
  readonly geometry: Geometry;
  readonly group: number;
  readonly use: GroupUse | undefined;
  readonly seed: number;
}

/** Writes a descriptor of 32 bytes. */
export function writeDescriptor(
  target: Buffer,
  { geometry, group, use, seed }: DescriptorInput,
): void {
  const usedInodes = use?.usedInodes ?? 0;
  const hasBlockBitmap = use !== undefined && isBlockBitmapWritten(geometry, group, use);
  let flags = groupFlags.inodeZeroed;
  if (usedInodes === 0) flags |= groupFlags.inodeUninit;
  if (!hasBlockBitmap) flags |= groupFlags.blockUninit;
  target.writeUInt32LE(geometry.blockBitmapsStart + group, 0x00);
  target.writeUInt32LE(geometry.inodeBitmapsStart + group, 0x04);
  target.writeUInt32LE(geometry.inodeTablesStart + group * geometry.inodeTableBlocksPerGroup, 0x08);
  target.writeUInt16LE(blocksInGroup(geometry, group) - (use?.usedBlocks ?? 0), 0x0c);
  target.writeUInt16LE(geometry.inodesPerGroup - usedInodes, 0x0e);
  target.writeUInt16LE(use?.usedDirectories ?? 0, 0x10);
  target.writeUInt16LE(flags, 0x12);
  if (use !== undefined && hasBlockBitmap) {
    target.writeUInt16LE(crc32c(seed, use.blockBitmap) & 0xffff, 0x18);
  }
  if (use !== undefined && usedInodes > 0) {
    const bitmapBytes = geometry.inodesPerGroup / 8;
    target.writeUInt16LE(crc32c(seed, use.inodeBitmap, 0, bitmapBytes) & 0xffff, 0x1a);
  }
  target.writeUInt16LE(geometry.inodesPerGroup - usedTableInodes(use), 0x1c);
  const checksum = crc32c(crc32cOfUint32(seed, group), target, 0, 0x1e);
  target.writeUInt16LE(crc32c(checksum, Buffer.alloc(2)) & 0xffff, 0x1e);
}

/** Inodes from the start of a group's table up to the last slab in use: what e2fsck and the kernel scan. */
function usedTableInodes(use: GroupUse | undefined): number {
  if (use === undefined || use.usedInodes === 0) return 0;
  return (Math.floor(use.lastInode / inodesPerChunk) + 1) * inodesPerChunk;
}

function isBlockBitmapWritten(geometry: Geometry, group: number, use: GroupUse): boolean {
  return use.usedBlocks > 0 || group === geometry.groups - 1;
}

export function emptyUse(geometry: Geometry, group: number): GroupUse {
  const blockBitmap = Buffer.alloc(blockBytes);
  setBits(blockBitmap, blocksInGroup(geometry, group), blocksPerGroup);
  const inodeBitmap = Buffer.alloc(blockBytes);
  setBits(inodeBitmap, geometry.inodesPerGroup, blockBytes * 8);
  return {
    blockBitmap,
    inodeBitmap,
    usedBlocks: 0,
    usedInodes: 0,
    usedDirectories: 0,
    lastInode: -1,
  };
}

export function blocksInGroup(geometry: Geometry, group: number): number {
  return Math.min(blocksPerGroup, geometry.blocks - group * blocksPerGroup);
}

function setBits(bitmap: Buffer, start: number, end: number): void {
  let bit = start;
  while (bit < end && bit % 8 !== 0) setBit(bitmap, bit++);
  const wholeBytes = Math.max(0, Math.floor((end - bit) / 8));
  if (wholeBytes > 0) bitmap.fill(0xff, bit / 8, bit / 8 + wholeBytes);
  bit += wholeBytes * 8;
  while (bit < end) setBit(bitmap, bit++);
}

function setBit(bitmap: Buffer, bit: number): void {
  bitmap.writeUInt8(bitmap.readUInt8(bit >> 3) | (1 << (bit & 7)), bit >> 3);
}
