import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editGroupTable, type UsedParts } from '../../src/ext4/edit-group-table.ts';
import { blockBytes, descriptorBytes } from '../../src/ext4/format.ts';
import { type Geometry, planGeometry } from '../../src/ext4/geometry.ts';
import { createGroupTable } from '../../src/ext4/group-table.ts';

const mib = 1024 * 1024;
const seed = 0x1234_5678;
/** The last group is cut off in the middle of a byte's blocks of a chunk. */
const geometry = planGeometry(300 * mib, { inodeSlabs: 4, dataChunks: 0 });

/** A use of a disk: for each unit of 16 blocks and each inode whether it is used, spread over all groups. */
interface Use {
  readonly blocks: readonly number[];
  readonly inodes: readonly number[];
}

const uses: fc.Arbitrary<Use> = fc.record({
  blocks: fc.uniqueArray(fc.nat(Math.floor(geometry.blocks / 16) - 1), { maxLength: 40 }),
  inodes: fc.uniqueArray(fc.nat(geometry.inodes - 1), { maxLength: 40 }),
});

function partsOf({ blocks, inodes }: Use): UsedParts {
  return {
    blocks: blocks.map((unit) => ({ first: unit * 16, count: 3 + (unit % 13) })),
    inodes: inodes.map((inode) => ({
      inodeNumber: inode + 1,
      kind: inode % 3 === 0 ? 'directory' : 'other',
    })),
  };
}

interface Front {
  readonly blocks: Map<number, Buffer>;
  readonly freeBlocks: number;
  readonly freeInodes: number;
}

function frontOf(use: UsedParts): Front {
  const table = createGroupTable(geometry);
  for (const { first, count } of use.blocks) table.useBlocks(first, count);
  for (const { inodeNumber, kind } of use.inodes) table.useInode(inodeNumber, kind);
  const blocks = new Map(table.bitmapBlocks());
  const descriptors = table.encodeDescriptors(seed);
  for (let index = 0; index < geometry.descriptorBlocks; index += 1)
    blocks.set(1 + index, descriptors.subarray(index * blockBytes, (index + 1) * blockBytes));
  return { blocks, freeBlocks: table.freeBlocks, freeInodes: table.freeInodes };
}

function editable(front: Front, { descriptorBlocks }: Geometry) {
  const blocks = new Map([...front.blocks].map(([block, bytes]) => [block, Buffer.from(bytes)]));
  const block = (number: number): Buffer => {
    const known = blocks.get(number) ?? Buffer.alloc(blockBytes);
    blocks.set(number, known);
    return known;
  };
  expect(descriptorBlocks).toBe(1);
  const descriptor = (group: number): Buffer =>
    block(1).subarray(group * descriptorBytes, (group + 1) * descriptorBytes);
  return { blocks, block, descriptor };
}

const zeros = Buffer.alloc(blockBytes);

/** Blocks that are not zeros. */
function shown(blocks: ReadonlyMap<number, Buffer>): Map<number, string> {
  const written = [...blocks].filter(([, bytes]) => !bytes.equals(zeros));
  return new Map(written.map(([block, bytes]) => [block, bytes.toString('base64')]));
}

describe('a table of groups that is changed', () => {
  it('is what would have been written for what is in use now', () => {
    fc.assert(
      fc.property(uses, uses, (before, after) => {
        const [freed, used] = [partsOf(before), partsOf(after)];
        const [stored, expected] = [frontOf(freed), frontOf(used)];
        const front = editable(stored, geometry);
        const more = editGroupTable(geometry, { freed, used }, { front, seed });
        expect(stored.freeBlocks + more.freeBlocks).toBe(expected.freeBlocks);
        expect(stored.freeInodes + more.freeInodes).toBe(expected.freeInodes);
        expect(shown(front.blocks)).toEqual(shown(expected.blocks));
      }),
      { numRuns: 100 },
    );
  });

  const none: UsedParts = { blocks: [], inodes: [] };
  const some: UsedParts = {
    blocks: [{ first: 40_000, count: 5 }],
    inodes: [{ inodeNumber: 9000, kind: 'other' }],
  };

  it.each<[string, UsedParts, UsedParts]>([
    ['blocks are freed that are free', { ...none, blocks: some.blocks }, none],
    ['inodes are freed that are free', { ...none, inodes: some.inodes }, none],
  ])('is none of ours where %s', (_, freed, used) => {
    const front = editable(frontOf(none), geometry);
    expect(() => editGroupTable(geometry, { freed, used }, { front, seed })).toThrow(RangeError);
  });

  it.each<[string, UsedParts]>([
    ['blocks are used that are in use', { ...none, blocks: some.blocks }],
    ['inodes are used that are in use', { ...none, inodes: some.inodes }],
  ])('is none of ours where %s', (_, used) => {
    const front = editable(frontOf(some), geometry);
    const changes = { freed: none, used };
    expect(() => editGroupTable(geometry, changes, { front, seed })).toThrow(RangeError);
  });

  it('is none of ours where a descriptor is another', () => {
    const front = editable(frontOf(some), geometry);
    front.descriptor(1).writeUInt8(front.descriptor(1).readUInt8(0x0c) ^ 1, 0x0c);
    const changes = { freed: some, used: none };
    expect(() => editGroupTable(geometry, changes, { front, seed })).toThrow(RangeError);
  });
});
