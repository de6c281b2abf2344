import { blocksPerGroup, descriptorBytes } from './format.ts';
import type { Geometry } from './geometry.ts';
import {
  bitmapsOf,
  blocksInGroup,
  emptyUse,
  type GroupUse,
  markBlocks,
  markInode,
  writeDescriptor,
} from './group-use.ts';

export interface BlockRun {
  readonly first: number;
  readonly count: number;
}

export interface UsedInode {
  readonly inodeNumber: number;
  readonly kind: 'directory' | 'other';
}

export interface UsedParts {
  readonly blocks: readonly BlockRun[];
  readonly inodes: readonly UsedInode[];
}

/** What was in use and is free now, and what is in use now; the second may have some of the first. */
export interface UseChanges {
  readonly freed: UsedParts;
  readonly used: UsedParts;
}

/** The front of a disk, of which blocks are given to be changed. */
export interface EditedFront {
  block(block: number): Buffer;
  /** The 32 bytes of a group. */
  descriptor(group: number): Buffer;
}

/** The blocks of the front that `editGroupTable` will look at, but for those of the descriptors. */
export function touchedBitmaps(geometry: Geometry, changes: UseChanges): number[] {
  return [...byGroup(geometry, changes).keys()].flatMap((group) => [
    geometry.blockBitmapsStart + group,
    geometry.inodeBitmapsStart + group,
  ]);
}

/**
 * Changes bitmaps and descriptors to what `createGroupTable` would have written; `seed` is that of the file system's checksums.
 * Gives how many more are free. Throws a RangeError where the disk does not say of something that is freed that it was in use,
 * or of what is used that it was free, or is none of ours.
 */
export function editGroupTable(
  geometry: Geometry,
  changes: UseChanges,
  { front, seed }: { readonly front: EditedFront; readonly seed: number },
): { readonly freeBlocks: number; readonly freeInodes: number } {
  let freeBlocks = 0;
  let freeInodes = 0;
  for (const [group, { freed, used }] of byGroup(geometry, changes)) {
    const descriptor = front.descriptor(group);
    const blockBitmap = front.block(geometry.blockBitmapsStart + group);
    const inodeBitmap = front.block(geometry.inodeBitmapsStart + group);
    const use = readUse({ geometry, group, descriptor, blockBitmap, inodeBitmap });
    const expected = Buffer.alloc(descriptorBytes);
    writeDescriptor(expected, { geometry, group, use, seed });
    if (!expected.equals(descriptor)) throw new RangeError(`has another descriptor of ${group}`);
    const before = { blocks: use.usedBlocks, inodes: use.usedInodes };
    release(use, freed);
    take(use, used);
    use.lastInode = lastInodeOf(use, geometry.inodesPerGroup);
    freeBlocks += before.blocks - use.usedBlocks;
    freeInodes += before.inodes - use.usedInodes;
    writeDescriptor(descriptor.fill(0), { geometry, group, use, seed });
    const bitmaps = bitmapsOf(geometry, group, use);
    blockBitmap.set(bitmaps.blockBitmap ?? Buffer.alloc(blockBitmap.length));
    inodeBitmap.set(bitmaps.inodeBitmap ?? Buffer.alloc(inodeBitmap.length));
  }
  return { freeBlocks, freeInodes };
}

/** Runs and inodes of one group, by their numbers in it. */
interface GroupParts {
  readonly runs: { readonly start: number; readonly end: number }[];
  readonly inodes: { readonly index: number; readonly kind: UsedInode['kind'] }[];
}

interface GroupChanges {
  readonly freed: GroupParts;
  readonly used: GroupParts;
}

function byGroup(geometry: Geometry, changes: UseChanges): Map<number, GroupChanges> {
  const groups = new Map<number, GroupChanges>();
  const changesOf = (group: number): GroupChanges => {
    const known = groups.get(group);
    if (known !== undefined) return known;
    const fresh = { freed: { runs: [], inodes: [] }, used: { runs: [], inodes: [] } };
    groups.set(group, fresh);
    return fresh;
  };
  for (const kind of ['freed', 'used'] as const) {
    for (const { first, count } of changes[kind].blocks) {
      for (let block = first; block < first + count;) {
        const group = Math.floor(block / blocksPerGroup);
        const end = Math.min(first + count, (group + 1) * blocksPerGroup);
        const start = group * blocksPerGroup;
        changesOf(group)[kind].runs.push({ start: block - start, end: end - start });
        block = end;
      }
    }
    for (const { inodeNumber, kind: inodeKind } of changes[kind].inodes) {
      const index = (inodeNumber - 1) % geometry.inodesPerGroup;
      const group = Math.floor((inodeNumber - 1) / geometry.inodesPerGroup);
      changesOf(group)[kind].inodes.push({ index, kind: inodeKind });
    }
  }
  return groups;
}

interface StoredGroup {
  readonly geometry: Geometry;
  readonly group: number;
  readonly descriptor: Buffer;
  readonly blockBitmap: Buffer;
  readonly inodeBitmap: Buffer;
}

function readUse(stored: StoredGroup): GroupUse {
  const { geometry, group, descriptor } = stored;
  const use = emptyUse(geometry, group);
  use.usedBlocks = blocksInGroup(geometry, group) - descriptor.readUInt16LE(0x0c);
  use.usedInodes = geometry.inodesPerGroup - descriptor.readUInt16LE(0x0e);
  use.usedDirectories = descriptor.readUInt16LE(0x10);
  const written = bitmapsOf(geometry, group, use);
  if (written.blockBitmap !== null) stored.blockBitmap.copy(use.blockBitmap);
  if (written.inodeBitmap !== null) stored.inodeBitmap.copy(use.inodeBitmap);
  use.lastInode = lastInodeOf(use, geometry.inodesPerGroup);
  return use;
}

function lastInodeOf({ inodeBitmap, usedInodes }: GroupUse, inodesPerGroup: number): number {
  if (usedInodes === 0) return -1;
  let index = inodesPerGroup - 1;
  while (index >= 0 && (inodeBitmap.readUInt8(index >> 3) & (1 << (index & 7))) === 0) index -= 1;
  return index;
}

function release(use: GroupUse, { runs, inodes }: GroupParts): void {
  for (const { start, end } of runs) {
    forEachPart({ start, end }, (at, mask) => clearBits(use.blockBitmap, at, mask));
    use.usedBlocks -= end - start;
  }
  for (const { index, kind } of inodes) {
    clearBits(use.inodeBitmap, index >> 3, 1 << (index & 7));
    use.usedInodes -= 1;
    use.usedDirectories -= kind === 'directory' ? 1 : 0;
  }
}

function take(use: GroupUse, { runs, inodes }: GroupParts): void {
  for (const run of runs) {
    forEachPart(run, (at, mask) => expectClear(use.blockBitmap, at, mask));
    markBlocks(use, run);
  }
  for (const { index, kind } of inodes) {
    expectClear(use.inodeBitmap, index >> 3, 1 << (index & 7));
    markInode(use, index, kind);
  }
}

/** Goes through a run of bits byte by byte. */
function forEachPart(
  { start, end }: { readonly start: number; readonly end: number },
  visit: (at: number, mask: number) => void,
): void {
  for (let bit = start; bit < end;) {
    const from = bit & 7;
    const count = Math.min(8 - from, end - bit);
    visit(bit >> 3, ((1 << count) - 1) << from);
    bit += count;
  }
}

function expectClear(bitmap: Buffer, at: number, mask: number): void {
  if ((bitmap.readUInt8(at) & mask) !== 0) throw new RangeError('has in use what should be free');
}

function clearBits(bitmap: Buffer, at: number, mask: number): void {
  const byte = bitmap.readUInt8(at);
  if ((byte & mask) !== mask) throw new RangeError('has free what should be in use');
  bitmap.writeUInt8(byte & ~mask, at);
}
