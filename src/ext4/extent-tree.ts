import { crc32c } from './crc32c.ts';
import { blockBytes, maxExtentBlocks } from './format.ts';

/** A run of a file's blocks that lie side by side on the disk. */
export interface Extent {
  /** First block in the file. */
  readonly logical: number;
  /** First block on the disk. */
  readonly physical: number;
  readonly blocks: number;
}

const magic = 0xf30a;
const headerBytes = 12;
const recordBytes = 12;
const recordsInInode = 4;
const recordsInBlock = Math.floor((blockBytes - headerBytes - 4) / recordBytes);

/** Cuts runs at the longest length that an extent can have; runs must be in order of `logical`. */
export function splitExtents(runs: readonly Extent[]): Extent[] {
  return runs.flatMap((run) => {
    const pieces: Extent[] = [];
    for (let done = 0; done < run.blocks; done += maxExtentBlocks) {
      pieces.push({
        logical: run.logical + done,
        physical: run.physical + done,
        blocks: Math.min(maxExtentBlocks, run.blocks - done),
      });
    }
    return pieces;
  });
}

/** Blocks that the tree of `extents` extents needs outside of the inode: all levels but the root. */
export function extentTreeBlocks(extents: number): number {
  let blocks = 0;
  for (let records = extents; records > recordsInInode;) {
    records = Math.ceil(records / recordsInBlock);
    blocks += records;
  }
  return blocks;
}

export interface ExtentTree {
  /** The 60 bytes of i_block. */
  readonly root: Buffer;
  /** The blocks outside of the inode, `extentTreeBlocks` of them, for the places that were given. */
  readonly blocks: readonly Buffer[];
}

/**
 * Encodes an extent tree. `firstBlock` is the disk block of the first of the blocks outside of the inode, which lie
 * side by side; `seed` is the inode's checksum seed. Format: ext4 documentation, "Extent Tree".
 */
export function encodeExtentTree(
  extents: readonly Extent[],
  firstBlock: number,
  seed: number,
): ExtentTree {
  const blocks: Buffer[] = [];
  let depth = 0;
  let records: readonly Extent[] = extents;
  while (records.length > recordsInInode) {
    const parents: Extent[] = [];
    for (let start = 0; start < records.length; start += recordsInBlock) {
      const part = records.slice(start, start + recordsInBlock);
      const physical = firstBlock + blocks.length;
      parents.push({ logical: part[0]?.logical ?? 0, physical, blocks: 0 });
      blocks.push(encodeBlock(part, depth, seed));
    }
    records = parents;
    depth += 1;
  }
  // From the pool: there is one for every inode.
  const root = Buffer.allocUnsafe(60).fill(0);
  encodeNode(root, records, { depth, capacity: recordsInInode });
  return { root, blocks };
}

function encodeBlock(records: readonly Extent[], depth: number, seed: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  encodeNode(block, records, { depth, capacity: recordsInBlock });
  const tail = headerBytes + recordsInBlock * recordBytes;
  block.writeUInt32LE(crc32c(seed, block, 0, tail), tail);
  return block;
}

/** Records of the lowest level are extents; above it they point to the block of the level below. */
function encodeNode(
  target: Buffer,
  records: readonly Extent[],
  node: { depth: number; capacity: number },
): void {
  target.writeUInt16LE(magic, 0);
  target.writeUInt16LE(records.length, 2);
  target.writeUInt16LE(node.capacity, 4);
  target.writeUInt16LE(node.depth, 6);
  records.forEach((record, index) => {
    const at = headerBytes + index * recordBytes;
    target.writeUInt32LE(record.logical, at);
    if (node.depth === 0) {
      target.writeUInt16LE(record.blocks, at + 4);
      target.writeUInt32LE(record.physical, at + 8);
    } else target.writeUInt32LE(record.physical, at + 4);
  });
}
