import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DirectoryShape, planDirectory } from '../../src/ext4/directory-blocks.ts';
import { hashName } from '../../src/ext4/half-md4.ts';
import { hashTreeLayout } from '../../src/ext4/hash-tree.ts';
import { collectInodes } from '../../src/layout/collect-inodes.ts';
import { directoryHashSeed } from '../../src/layout/layout-parameters.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { orderTree } from '../../src/tree/tree-order.ts';
import { debugfs, e2fsckComplaints } from '../layout/support/judges.ts';
import { directory, file, treeOf } from '../layout/support/make-tree.ts';
import { gib, mib, writeDisk } from '../layout/support/write-disk.ts';
import { scratchDir } from '../support/scratch.ts';
import { collidingHash, collidingNames } from './support/colliding-names.ts';

const scratch = scratchDir('directories');
const disk = join(scratch, 'disk.raw');

const shapeOf = (names: readonly string[]): DirectoryShape =>
  planDirectory(names, directoryHashSeed, '/d');

const leavesOf = (names: readonly string[]): number => {
  const shape = shapeOf(names);
  return shape.kind === 'hashed' ? shape.layout.leaves.length : 0;
};

/** Which names share a leaf. */
const leafNames = (names: readonly string[]): Set<string> => {
  const shape = shapeOf(names);
  const leaves = shape.kind === 'hashed' ? shape.layout.leaves : [];
  return new Set(leaves.map((leaf) => leaf.names.join('/')));
};

/** Names of four bytes, which take 12 in a directory. */
const short = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => index.toString(36).padStart(4, '0'));

const long = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index}-${'long name '.repeat(20)}`);

/** The fewest of the long names whose directory has at least this many leaves. */
function longWithLeaves(leaves: number): string[] {
  let low = 0;
  let high = leaves * 19;
  const all = long(high);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leavesOf(all.slice(0, middle)) >= leaves) high = middle;
    else low = middle + 1;
  }
  return all.slice(0, high);
}

/** A directory of names of one file. */
function treeOfNames(names: readonly string[]): FileTree {
  const inode = file();
  return treeOf({
    d: directory(),
    ...Object.fromEntries(names.map((name) => [`d/${name}`, inode])),
  });
}

async function treeOnDisk(): Promise<string> {
  const [answer = ''] = await debugfs(disk, ['htree_dump /d']);
  return answer;
}

describe('directories on disk', () => {
  it.for([
    ['of no names', [], 'linear'],
    ['that fill their block to the last byte', [...short(337), 'five5'], 'linear'],
    ['of four bytes more', [...short(336), 'five5', 'six-6'], 'hashed'],
    ['whose names alone would fit a block', short(340), 'hashed'],
    ['of two leaves', short(400), 'hashed'],
    ['of 507 leaves, the most of one level', longWithLeaves(507), 'hashed'],
    ['of 508 leaves', longWithLeaves(508), 'hashed'],
    ['of 60,000 names', short(60_000), 'hashed'],
    ['of names of one byte', 'abcdefghijklmnopqrstuvwxyz\x01\xff'.split(''), 'linear'],
    ['of names of 255 bytes', long(100).map((name) => name.padEnd(255, '\xfe')), 'hashed'],
  ] as const)('%s are as e2fsck wants them', async ([, names, kind]) => {
    expect(shapeOf(names).kind).toBe(kind);
    await writeDisk(disk, treeOfNames(names), { diskBytes: 64 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const levels = kind === 'linear' ? undefined : leavesOf(names) > 507 ? '1' : '0';
    expect(/Indirect levels: (\d)/.exec(await treeOnDisk())?.[1]).toBe(levels);
  });

  it('have the leaves that the cases above say', () => {
    expect(leavesOf(short(340))).toBe(1);
    expect(leavesOf(longWithLeaves(507))).toBe(507);
    expect(leavesOf(longWithLeaves(508))).toBe(508);
    expect(leavesOf(short(60_000))).toBeGreaterThan(150);
  });

  it('keep what other names do not touch when one is added', () => {
    const names = short(5000);
    const before = leafNames(names);
    const after = leafNames([...names, 'one more']);
    expect([...after].filter((leaf) => !before.has(leaf)).length).toBeLessThanOrEqual(2);
  });
});

describe('names of one hash', () => {
  it('really have one', () => {
    expect(new Set(collidingNames).size).toBe(40);
    const hashes = collidingNames.map((name) => hashName(name, directoryHashSeed).major);
    expect(new Set(hashes)).toEqual(new Set([collidingHash]));
  });

  it.for([
    ['that fill a block and one more', collidingNames.slice(0, 16), 2],
    ['in three blocks', collidingNames, 3],
    ['among many others', [...collidingNames, ...short(3000)], 3],
    ['in a block that another begins', [...long(3), ...collidingNames], 3],
  ] as const)('%s go on in leaves that say so', async ([, names, blocks]) => {
    const shape = shapeOf(names);
    const leaves = shape.kind === 'hashed' ? shape.layout.leaves : [];
    const continued = leaves.filter((leaf) => leaf.firstHash === collidingHash + 1);
    expect(continued.length).toBe(blocks - 1);
    await writeDisk(disk, treeOfNames(names), { diskBytes: 64 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const pointers = (await treeOnDisk()).matchAll(/Hash 0x5a5a5a5b, block (\d+)/g);
    expect(new Set([...pointers].map((match) => match[1])).size).toBe(blocks - 1);
  });
});

describe('directories that ext4 cannot hold', () => {
  it('are refused with their path and number of names', () => {
    const hash = { major: 2, minor: 0 };
    const item = { name: 'n'.repeat(255), hash };
    const many = Array.from({ length: 507 * 510 * 15 }, () => item);
    expect(hashTreeLayout(many, '/d').leaves.length).toBe(507 * 510);
    expect(() => hashTreeLayout([...many, item], '/srv/mail')).toThrow(
      expect.objectContaining({
        code: 'image_too_large',
        message: expect.stringContaining('/srv/mail has 3878551 names') as string,
      }),
    );
  });
});

const treeOfDirectories = (subdirectories: number): FileTree => {
  const tree = treeOf({ d: directory() });
  for (const name of short(subdirectories)) tree.put(`d/${name}`, directory());
  return tree;
};

describe('many subdirectories', () => {
  it('are counted up to 64,999 links', () => {
    const entries = orderTree(treeOfDirectories(64_997));
    const { planned } = collectInodes(entries);
    expect(planned.find(({ path }) => path === 'd')?.links).toBe(64_999);
  });

  it.for([64_998, 65_001])('%d of them give the link count 1', async (subdirectories) => {
    await writeDisk(disk, treeOfDirectories(subdirectories), { diskBytes: 2 * gib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const [answer = ''] = await debugfs(disk, ['stat /d']);
    expect(/Links: (\d+)/.exec(answer)?.[1]).toBe('1');
  });
});
