import type { BytePath } from '../bytes/byte-path.ts';
import { crc32c, crc32cOfZeros } from './crc32c.ts';
import {
  type DirectoryEntry,
  directoryEntryBytes,
  type DirectoryIdentity,
  usableBlockBytes,
} from './directory-entry.ts';
import { blockBytes, entryTypes } from './format.ts';
import { hashName } from './half-md4.ts';
import { encodeHashTree, hashTreeLayout, type HashTreeLayout } from './hash-tree.ts';

/** The shape of a directory on disk. It depends on the names alone, not on inode numbers. */
export type DirectoryShape =
  | { readonly kind: 'linear'; readonly blocks: 1 }
  | { readonly kind: 'hashed'; readonly blocks: number; readonly layout: HashTreeLayout };

const dotBytes = 12;

/**
 * Plans a directory with these children: one block where they fit, else a hash tree (feature dir_index). Throws
 * `image_too_large` with `subject`, the directory, when there are too many.
 */
export function planDirectory(
  names: readonly BytePath[],
  hashSeed: readonly [number, number, number, number],
  subject: string,
): DirectoryShape {
  let bytes = 2 * dotBytes;
  for (const name of names) bytes += directoryEntryBytes(name);
  if (bytes <= usableBlockBytes) return { kind: 'linear', blocks: 1 };
  const hashed = names.map((name) => ({ name, hash: hashName(name, hashSeed) }));
  const layout = hashTreeLayout(hashed, subject);
  return { kind: 'hashed', blocks: layout.indexBlocks + layout.leaves.length, layout };
}

/**
 * Encodes the blocks of a directory as planned. `entries` are the children of the plan, in its order.
 * Format: ext4 documentation, "Linear (Classic) Directories" and "Hash Tree Directories".
 */
export function encodeDirectory(
  shape: DirectoryShape,
  entries: readonly DirectoryEntry[],
  identity: DirectoryIdentity,
): Buffer[] {
  if (shape.kind === 'linear') {
    const dots: DirectoryEntry[] = [
      { name: '.', inodeNumber: identity.inodeNumber, type: 'directory' },
      { name: '..', inodeNumber: identity.parentInodeNumber, type: 'directory' },
    ];
    return [encodeLinearBlock([...dots, ...entries], identity.seed)];
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const leaves = shape.layout.leaves.map((leaf) => {
    const children = leaf.names
      .map((name) => byName.get(name))
      .filter((entry) => entry !== undefined);
    return encodeLinearBlock(children, identity.seed);
  });
  return [...encodeHashTree(shape.layout, identity), ...leaves];
}

function encodeLinearBlock(entries: readonly DirectoryEntry[], seed: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  let offset = 0;
  let usedBytes = 8;
  entries.forEach((entry, index) => {
    const isLast = index === entries.length - 1;
    const recordBytes = isLast ? usableBlockBytes - offset : directoryEntryBytes(entry.name);
    block.writeUInt32LE(entry.inodeNumber, offset);
    block.writeUInt16LE(recordBytes, offset + 4);
    block.writeUInt8(entry.name.length, offset + 6);
    block.writeUInt8(entryTypes[entry.type], offset + 7);
    block.write(entry.name, offset + 8, 'latin1');
    usedBytes = offset + 8 + entry.name.length;
    offset += recordBytes;
  });
  if (entries.length === 0) block.writeUInt16LE(usableBlockBytes, 4);
  block.writeUInt16LE(blockBytes - usableBlockBytes, usableBlockBytes + 4);
  block.writeUInt8(0xde, usableBlockBytes + 7);
  const used = crc32c(seed, block, 0, usedBytes);
  const checksum = crc32cOfZeros(used, usableBlockBytes - usedBytes);
  block.writeUInt32LE(checksum, usableBlockBytes + 8);
  return block;
}
