import { crc32c } from './crc32c.ts';
import {
  blockBytes,
  blocksPerGroup,
  compatibleFeatures,
  extraInodeBytes,
  firstFreeInodeNumber,
  incompatibleFeatures,
  inodeBytes,
  journalInodeNumber,
  readOnlyCompatibleFeatures,
} from './format.ts';
import type { Geometry } from './geometry.ts';

export interface SuperblockFields {
  readonly geometry: Geometry;
  readonly uuid: Buffer;
  readonly hashSeed: readonly [number, number, number, number];
  readonly freeBlocks: number;
  readonly freeInodes: number;
  /** Unix time in seconds of creation and last check; the image has no other clock than its tree. */
  readonly createdSec: number;
  /** i_block of the journal's inode, kept in the superblock as a backup. */
  readonly journalBlockField: Buffer;
}

/** Where it is in the first block. */
export const superblockOffset = 1024;
const superblockBytes = 1024;
const signedHashFlag = 1;
const userXattrAndAcl = 0xc;

/**
 * Encodes the superblock. Format: ext4 documentation, "Super Block". sparse_super2 with no backup groups keeps copies
 * out of the data region; flex_bg is one group of all groups. The time of the last write stays 0: e2fsck finds fault
 * with one that its clock has not reached yet.
 */
export function encodeSuperblock(fields: SuperblockFields): Buffer {
  const { geometry } = fields;
  const bytes = Buffer.alloc(superblockBytes);
  const u16 = (offset: number, value: number): number => bytes.writeUInt16LE(value, offset);
  const u32 = (offset: number, value: number): number => bytes.writeUInt32LE(value, offset);
  const createdSec = Math.min(0xffffffff, Math.max(0, fields.createdSec));
  u32(0x00, geometry.inodes);
  u32(0x04, geometry.blocks);
  u32(0x0c, fields.freeBlocks);
  u32(0x10, fields.freeInodes);
  u32(0x18, 2); // block size: 1024 << 2
  u32(0x1c, 2);
  u32(0x20, blocksPerGroup);
  u32(0x24, blocksPerGroup);
  u32(0x28, geometry.inodesPerGroup);
  u16(0x36, 0xffff); // no check after a number of mounts
  u16(0x38, 0xef53);
  u16(0x3a, 1); // cleanly unmounted
  u16(0x3c, 1); // on errors: continue
  u32(0x40, createdSec);
  u32(0x4c, 1); // revision with dynamic inode sizes
  u32(0x54, firstFreeInodeNumber);
  u16(0x58, inodeBytes);
  u32(0x5c, allOf(compatibleFeatures));
  u32(0x60, allOf(incompatibleFeatures));
  u32(0x64, allOf(readOnlyCompatibleFeatures));
  fields.uuid.copy(bytes, 0x68);
  u32(0xe0, journalInodeNumber);
  fields.hashSeed.forEach((word, index) => u32(0xec + index * 4, word >>> 0));
  bytes.writeUInt8(1, 0xfc); // half MD4
  bytes.writeUInt8(1, 0xfd); // the journal's inode is backed up here
  u32(0x100, userXattrAndAcl);
  u32(0x108, createdSec);
  fields.journalBlockField.copy(bytes, 0x10c);
  u32(0x10c + 16 * 4, geometry.journalBlocks * blockBytes);
  u16(0x15c, extraInodeBytes);
  u16(0x15e, extraInodeBytes);
  u32(0x160, signedHashFlag);
  bytes.writeUInt8(Math.ceil(Math.log2(Math.max(2, geometry.groups))), 0x174);
  bytes.writeUInt8(1, 0x175); // CRC-32C
  u32(0x3fc, crc32c(0xffffffff, bytes, 0, 0x3fc));
  return bytes;
}

function allOf(features: Readonly<Record<string, number>>): number {
  return Object.values(features).reduce((sum, bit) => sum | bit, 0);
}

/** What a superblock says that the tree and the size of the disk do not. */
export function readSuperblock(bytes: Buffer): Pick<SuperblockFields, 'freeBlocks' | 'freeInodes'> {
  return { freeBlocks: bytes.readUInt32LE(0x0c), freeInodes: bytes.readUInt32LE(0x10) };
}
