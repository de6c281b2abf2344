import { AshlarError } from '../errors/ashlar-error.ts';
import type { BytePath } from '../bytes/byte-path.ts';
import { crc32c, crc32cOfUint32 } from './crc32c.ts';
import {
  directoryEntryBytes,
  type DirectoryIdentity,
  usableBlockBytes,
} from './directory-entry.ts';
import { blockBytes } from './format.ts';
import type { NameHash } from './half-md4.ts';

export interface HashedName {
  readonly name: BytePath;
  readonly hash: NameHash;
}

export interface HashLeaf {
  /** Lowest major hash of the leaf's range; the lowest bit set when it continues the one before. */
  readonly firstHash: number;
  /** In order of hash. */
  readonly names: readonly BytePath[];
}

/** Which names go to which block of an indexed directory. Blocks: the root, the index nodes, the leaves. */
export interface HashTreeLayout {
  readonly indexBlocks: number;
  readonly leaves: readonly HashLeaf[];
}

/** Names of one to four bytes take 12. */
const maxLeafNames = Math.floor(usableBlockBytes / 12);
const rootEntriesOffset = 32;
const nodeEntriesOffset = 8;
const indexTailBytes = 8;
const rootCapacity = (blockBytes - rootEntriesOffset - indexTailBytes) / 8;
const nodeCapacity = (blockBytes - nodeEntriesOffset - indexTailBytes) / 8;

/** Two levels of index, all that is possible without the feature large_dir. */
const maxLeaves = rootCapacity * nodeCapacity;

/**
 * Cuts the names into leaves by halving the range of hashes until each part fits a block: so a name that comes or
 * goes changes its own leaf only. Throws `image_too_large` with `subject`, the directory, for more names than an index
 * of two levels can hold.
 */
export function hashTreeLayout(hashed: readonly HashedName[], subject: string): HashTreeLayout {
  const sorted = hashed.toSorted(compareHashes);
  const leaves: HashLeaf[] = [];
  cutRange(sorted, { low: 0, high: 2 ** 32 }, leaves);
  if (leaves.length > maxLeaves) {
    throw new AshlarError(
      'image_too_large',
      `the directory ${subject} has ${hashed.length} names, too many for ext4 without large_dir`,
      {
        data: { path: subject, names: hashed.length },
        hint: 'Spread the files over several directories.',
      },
    );
  }
  const nodes = leaves.length <= rootCapacity ? 0 : Math.ceil(leaves.length / nodeCapacity);
  return { indexBlocks: 1 + nodes, leaves };
}

/** Encodes the root and the index nodes. Leaves follow them in the directory's blocks, in order. */
export function encodeHashTree(layout: HashTreeLayout, identity: DirectoryIdentity): Buffer[] {
  const leafPointers = layout.leaves.map((leaf, index) => ({
    hash: leaf.firstHash,
    block: layout.indexBlocks + index,
  }));
  const nodes: Buffer[] = [];
  const nodePointers: IndexPointer[] = [];
  if (layout.indexBlocks > 1) {
    for (let start = 0; start < leafPointers.length; start += nodeCapacity) {
      const part = leafPointers.slice(start, start + nodeCapacity);
      nodePointers.push({ hash: part[0]?.hash ?? 0, block: 1 + nodes.length });
      nodes.push(encodeNode(part, identity.seed));
    }
  }
  return [
    encodeRoot(nodes.length > 0 ? nodePointers : leafPointers, nodes.length > 0 ? 1 : 0, identity),
    ...nodes,
  ];
}

interface IndexPointer {
  readonly hash: number;
  readonly block: number;
}

function cutRange(
  sorted: readonly HashedName[],
  range: { low: number; high: number },
  leaves: HashLeaf[],
): void {
  if (fits(sorted)) {
    // An empty range is covered by the leaf before it, and the first leaf begins at hash 0.
    if (sorted.length > 0) {
      leaves.push({
        firstHash: leaves.length === 0 ? 0 : range.low,
        names: sorted.map((item) => item.name),
      });
    }
    return;
  }
  // Major hashes are even: a range of two holds a single value.
  if (range.high - range.low <= 2) {
    cutEqualHashes(sorted, range.low, leaves);
    return;
  }
  const middle = (range.low + range.high) / 2;
  const split = sorted.findIndex((item) => item.hash.major >= middle);
  const end = split === -1 ? sorted.length : split;
  cutRange(sorted.slice(0, end), { low: range.low, high: middle }, leaves);
  cutRange(sorted.slice(end), { low: middle, high: range.high }, leaves);
}

/** Names of one hash that do not fit a block go on in the next, which says so in its lowest bit. */
function cutEqualHashes(sorted: readonly HashedName[], hash: number, leaves: HashLeaf[]): void {
  for (let start = 0; start < sorted.length;) {
    let end = start;
    let bytes = 0;
    for (const item of sorted.slice(start, start + maxLeafNames)) {
      bytes += directoryEntryBytes(item.name);
      if (bytes > usableBlockBytes) break;
      end += 1;
    }
    const ownHash = leaves.length === 0 ? 0 : hash;
    leaves.push({
      firstHash: start === 0 ? ownHash : (hash | 1) >>> 0,
      names: sorted.slice(start, end).map((item) => item.name),
    });
    start = end;
  }
}

function fits(names: readonly HashedName[]): boolean {
  let bytes = 0;
  for (const item of names) bytes += directoryEntryBytes(item.name);
  return bytes <= usableBlockBytes;
}

function encodeRoot(
  pointers: readonly IndexPointer[],
  levels: number,
  identity: DirectoryIdentity,
): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.writeUInt32LE(identity.inodeNumber, 0);
  block.writeUInt16LE(12, 4);
  block.writeUInt8(1, 6);
  block.writeUInt8(2, 7);
  block.write('.', 8, 'latin1');
  block.writeUInt32LE(identity.parentInodeNumber, 12);
  block.writeUInt16LE(blockBytes - 12, 16);
  block.writeUInt8(2, 18);
  block.writeUInt8(2, 19);
  block.write('..', 20, 'latin1');
  block.writeUInt8(1, 28); // hash version: half MD4
  block.writeUInt8(8, 29); // length of this record
  block.writeUInt8(levels, 30);
  writeIndex(block, pointers, {
    offset: rootEntriesOffset,
    capacity: rootCapacity,
    seed: identity.seed,
  });
  return block;
}

function encodeNode(pointers: readonly IndexPointer[], seed: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.writeUInt16LE(blockBytes, 4);
  writeIndex(block, pointers, { offset: nodeEntriesOffset, capacity: nodeCapacity, seed });
  return block;
}

function writeIndex(
  block: Buffer,
  pointers: readonly IndexPointer[],
  index: { offset: number; capacity: number; seed: number },
): void {
  pointers.forEach((pointer, position) => {
    const at = index.offset + position * 8;
    if (position > 0) block.writeUInt32LE(pointer.hash, at);
    block.writeUInt32LE(pointer.block, at + 4);
  });
  block.writeUInt16LE(index.capacity, index.offset);
  block.writeUInt16LE(pointers.length, index.offset + 2);
  const used = crc32c(index.seed, block, 0, index.offset + pointers.length * 8);
  const tail = index.offset + index.capacity * 8;
  block.writeUInt32LE(crc32cOfUint32(crc32cOfUint32(used, 0), 0), tail + 4);
}

function compareHashes(left: HashedName, right: HashedName): number {
  if (left.hash.major !== right.hash.major) return left.hash.major - right.hash.major;
  if (left.hash.minor !== right.hash.minor) return left.hash.minor - right.hash.minor;
  return left.name < right.name ? -1 : 1;
}
