import { crc32c, crc32cOfUint32 } from './crc32c.ts';
import {
  blockBytes,
  blocksPerGroup,
  descriptorBytes,
  groupFlags,
  inodesPerChunk,
} from './format.ts';
import type { Geometry } from './geometry.ts';

/** What is in use, group by group; groups that nothing touches cost nothing. */
export interface GroupTable {
  /** Marks `count` blocks from `first` as used; each block once. */
  useBlocks(first: number, count: number): void;
  /** Marks an inode as used. */
  useInode(inodeNumber: number, kind: 'directory' | 'other'): void;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  /** The descriptors, `geometry.descriptorBlocks` blocks. */
  encodeDescriptors(seed: number): Buffer;
  /** Non-zero bitmap blocks by their place on the disk. */
  bitmapBlocks(): Map<number, Buffer>;
}

interface GroupUse {
  readonly blockBitmap: Buffer;
  readonly inodeBitmap: Buffer;
  usedBlocks: number;
  usedInodes: number;
  usedDirectories: number;
  lastInode: number;
}

/**
 * Counts use and encodes bitmaps and descriptors. Groups without inodes or blocks carry the UNINIT flags, so that a first
 * boot has nothing to write there. Format: ext4 documentation, "Block Group Descriptors", "Block and Inode Bitmaps".
 */
export function createGroupTable(geometry: Geometry): GroupTable {
  const uses = new Map<number, GroupUse>();
  const useOf = (group: number): GroupUse => {
    let use = uses.get(group);
    if (use === undefined) {
      use = emptyUse(geometry, group);
      uses.set(group, use);
    }
    return use;
  };
  // The last group is always written out: its bitmap has the padding behind the end of the disk.
  useOf(geometry.groups - 1);
  let freeBlocks = geometry.blocks;
  let freeInodes = geometry.inodes;
  return {
    useBlocks(first, count) {
      freeBlocks -= count;
      for (let block = first; block < first + count;) {
        const group = Math.floor(block / blocksPerGroup);
        const end = Math.min(first + count, (group + 1) * blocksPerGroup);
        const use = useOf(group);
        setBits(use.blockBitmap, block - group * blocksPerGroup, end - group * blocksPerGroup);
        use.usedBlocks += end - block;
        block = end;
      }
    },
    useInode(inodeNumber, kind) {
      freeInodes -= 1;
      const group = Math.floor((inodeNumber - 1) / geometry.inodesPerGroup);
      const index = (inodeNumber - 1) % geometry.inodesPerGroup;
      const use = useOf(group);
      setBits(use.inodeBitmap, index, index + 1);
      use.usedInodes += 1;
      use.usedDirectories += kind === 'directory' ? 1 : 0;
      use.lastInode = Math.max(use.lastInode, index);
    },
    get freeBlocks() {
      return freeBlocks;
    },
    get freeInodes() {
      return freeInodes;
    },
    encodeDescriptors(seed) {
      const bytes = Buffer.alloc(geometry.descriptorBlocks * blockBytes);
      for (let group = 0; group < geometry.groups; group += 1) {
        const descriptor = bytes.subarray(group * descriptorBytes, (group + 1) * descriptorBytes);
        writeDescriptor(descriptor, { geometry, group, use: uses.get(group), seed });
      }
      return bytes;
    },
    bitmapBlocks() {
      const blocks = new Map<number, Buffer>();
      for (const [group, use] of uses) {
        // That of the last group is zero where the group is whole and free.
        if (use.usedBlocks > 0 || blocksInGroup(geometry, group) < blocksPerGroup)
          blocks.set(geometry.blockBitmapsStart + group, use.blockBitmap);
        if (use.usedInodes > 0) blocks.set(geometry.inodeBitmapsStart + group, use.inodeBitmap);
      }
      return blocks;
    },
  };
}

interface DescriptorInput {
  readonly geometry: Geometry;
  readonly group: number;
  readonly use: GroupUse | undefined;
  readonly seed: number;
}

function writeDescriptor(target: Buffer, { geometry, group, use, seed }: DescriptorInput): void {
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

function emptyUse(geometry: Geometry, group: number): GroupUse {
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

function blocksInGroup(geometry: Geometry, group: number): number {
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
