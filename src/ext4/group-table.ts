import { blockBytes, blocksPerGroup, descriptorBytes } from './format.ts';
import type { Geometry } from './geometry.ts';
import {
  bitmapsOf,
  emptyUse,
  type GroupUse,
  markBlocks,
  markInode,
  writeDescriptor,
} from './group-use.ts';

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
        markBlocks(use, {
          start: block - group * blocksPerGroup,
          end: end - group * blocksPerGroup,
        });
        block = end;
      }
    },
    useInode(inodeNumber, kind) {
      freeInodes -= 1;
      const group = Math.floor((inodeNumber - 1) / geometry.inodesPerGroup);
      markInode(useOf(group), (inodeNumber - 1) % geometry.inodesPerGroup, kind);
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
        const { blockBitmap, inodeBitmap } = bitmapsOf(geometry, group, use);
        if (blockBitmap !== null) blocks.set(geometry.blockBitmapsStart + group, blockBitmap);
        if (inodeBitmap !== null) blocks.set(geometry.inodeBitmapsStart + group, inodeBitmap);
      }
      return blocks;
    },
  };
}
