import type { Timestamp } from '../tree/inode.ts';
import { crc32c } from './crc32c.ts';
import { extraInodeBytes, inodeBytes } from './format.ts';

export interface InodeRecord {
  /** File type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly links: number;
  /** All blocks of 4 KiB that the inode owns: data, extent tree, xattr block. */
  readonly blocks: number;
  readonly flags: number;
  /** The 60 bytes of i_block. */
  readonly blockField: Buffer;
  readonly xattrBlock: number;
  readonly mtime: Timestamp;
}

const earliestSec = -(2 ** 31);
const latestSec = 2 ** 34 - 2 ** 31 - 1;
/** From 2310-04-04 to 2378-04-22: e2fsck takes these for times before 1970 that an old kernel wrote, and changes them. */
const mistakenSec = { first: 3 * 2 ** 32 - 2 ** 31, last: 3 * 2 ** 32 - 1 };

/**
 * Writes an inode record of 256 bytes, without its checksum. All four times are the modification time: the tree
 * knows no other. Format: ext4 documentation, "Index Nodes"; times outside of 1901 to 2446 are moved to the nearest
 * that ext4 can hold, and those of 2310 to 2378 that e2fsck mistakes to the last one before.
 */
export function writeInodeRecord(target: Buffer, record: InodeRecord): void {
  const sec = storableSec(record.mtime.sec);
  const low = sec | 0;
  const extra = ((record.mtime.nsec << 2) | (Math.round((sec - low) / 2 ** 32) & 3)) >>> 0;
  target.writeUInt16LE(record.mode, 0);
  target.writeUInt16LE(record.uid & 0xffff, 2);
  target.writeUInt32LE(record.sizeBytes % 2 ** 32, 4);
  for (const offset of [8, 12, 16, 0x90]) target.writeInt32LE(low, offset);
  target.writeUInt16LE(record.gid & 0xffff, 0x18);
  target.writeUInt16LE(record.links, 0x1a);
  const sectors = record.blocks * 8;
  target.writeUInt32LE(sectors % 2 ** 32, 0x1c);
  target.writeUInt32LE(record.flags, 0x20);
  record.blockField.copy(target, 0x28);
  target.writeUInt32LE(record.xattrBlock, 0x68);
  target.writeUInt32LE(Math.floor(record.sizeBytes / 2 ** 32), 0x6c);
  target.writeUInt16LE(Math.floor(sectors / 2 ** 32), 0x74);
  target.writeUInt16LE(record.uid >>> 16, 0x78);
  target.writeUInt16LE(record.gid >>> 16, 0x7a);
  target.writeUInt16LE(extraInodeBytes, 0x80);
  for (const offset of [0x84, 0x88, 0x8c, 0x94]) target.writeUInt32LE(extra, offset);
}

function storableSec(sec: number): number {
  if (sec >= mistakenSec.first && sec <= mistakenSec.last) return mistakenSec.first - 1;
  return Math.min(latestSec, Math.max(earliestSec, sec));
}

/** Puts the checksum into a complete record; `seed` is the inode's own seed. */
export function sealInodeRecord(target: Buffer, seed: number): void {
  target.writeUInt16LE(0, 0x7c);
  target.writeUInt16LE(0, 0x82);
  const checksum = crc32c(seed, target, 0, inodeBytes);
  target.writeUInt16LE(checksum & 0xffff, 0x7c);
  target.writeUInt16LE(checksum >>> 16, 0x82);
}

/** The i_block of a device node: the old encoding where it fits, as Linux writes it. */
export function encodeDeviceNumber(major: number, minor: number): Buffer {
  const field = Buffer.allocUnsafe(60).fill(0);
  if (major < 256 && minor < 256) field.writeUInt32LE((major << 8) | minor, 0);
  else field.writeUInt32LE(((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0, 4);
  return field;
}

/** Longest link target that lives in the inode itself. */
export const maxInlineTargetBytes = 59;
