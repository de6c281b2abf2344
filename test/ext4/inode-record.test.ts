import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/bytes/byte-path.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes } from '../../src/tree/inode.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { debugfs, e2fsckComplaints } from '../layout/support/judges.ts';
import {
  device,
  directory,
  file,
  fileOf,
  pipe,
  symlink,
  treeOf,
} from '../layout/support/make-tree.ts';
import { expectedListing } from '../layout/support/read-back.ts';
import { gib, mib, writeDisk } from '../layout/support/write-disk.ts';
import { pattern } from '../support/awkward-tree.ts';
import { mounted } from '../support/mounted.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';
import { listTree } from '../support/tree-listing.ts';

const scratch = scratchDir('inodes');
const disk = join(scratch, 'disk.raw');
const bank = createContentBank();
const tib = 1024 * gib;

const times = {
  'before-1901': { sec: -(2 ** 31) - 1, nsec: 5 },
  earliest: { sec: -(2 ** 31), nsec: 0 },
  'before-1970': { sec: -1, nsec: 999_999_999 },
  epoch: { sec: 0, nsec: 0 },
  nanoseconds: { sec: 1, nsec: 1 },
  'end-of-31-bits': { sec: 2 ** 31 - 1, nsec: 999_999_999 },
  '2038': { sec: 2 ** 31, nsec: 0 },
  '2106': { sec: 2 ** 32, nsec: 123 },
  '2174': { sec: 2 ** 32 + 2 ** 31, nsec: 0 },
  'before-2310-04-04': { sec: 10_737_418_239, nsec: 5 },
  '2310-04-04': { sec: 10_737_418_240, nsec: 1 },
  'before-2378-04-22': { sec: 12_884_901_887, nsec: 0 },
  '2378-04-22': { sec: 12_884_901_888, nsec: 0 },
  latest: { sec: 2 ** 34 - 2 ** 31 - 1, nsec: 0 },
  'after-2446': { sec: 2 ** 34 - 2 ** 31, nsec: 0 },
  far: { sec: 2 ** 50, nsec: 0 },
};

const ids = [0, 1, 65_534, 65_535, 65_536, 100_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2];

const devices = [
  [0, 0],
  [1, 3],
  [255, 255],
  [255, 256],
  [256, 0],
  [256, 255],
  [259, 70_000],
  [4095, 1_048_575],
] as const;

const trees: Record<string, () => FileTree> = {
  times: () =>
    treeOf(
      Object.fromEntries(Object.entries(times).map(([name, mtime]) => [name, file({ mtime })])),
    ),
  owners: () =>
    treeOf(
      Object.fromEntries(
        ids.map((uid, index) => [`u${uid}`, file({ uid, gid: ids.at(-1 - index) ?? 0 })]),
      ),
    ),
  modes: () =>
    treeOf(
      Object.fromEntries(
        [0, 0o1, 0o777, 0o1000, 0o2755, 0o4711, 0o7777].map((mode) => [`m${mode}`, file({ mode })]),
      ),
      directory({ mode: 0o1777, uid: 70_000, gid: 70_001 }),
    ),
  'device numbers': () =>
    treeOf(
      Object.fromEntries(
        devices.flatMap(([major, minor]) => [
          [`c${major}:${minor}`, device('char', { major, minor })],
          [`b${major}:${minor}`, device('block', { major, minor })],
        ]),
      ),
    ),
  'pipes and sockets': () => treeOf({ pipe: pipe('fifo'), socket: pipe('socket') }),
  'link targets': () =>
    treeOf(
      Object.fromEntries(
        [1, 59, 60, 61, 4094, 4095].map((length) => [`to-${length}`, symlink('é'.repeat(length))]),
      ),
    ),
  names: () => {
    const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
    const names = [...bytes.filter((name) => name !== '/' && name !== '.'), '...', ' ', '-'];
    const all = [...names, '\xff'.repeat(255), fromUtf8('日本語'), 'n'.repeat(255)];
    return treeOf(Object.fromEntries(all.map((name) => [name, file()])));
  },
  'hard links': () => {
    const [linked, target, fifo] = [
      fileOf(pattern(100_000), bank),
      symlink('s'.repeat(100)),
      pipe('fifo'),
    ];
    return treeOf({
      z: directory(),
      'z/file': linked,
      'z/pipe': fifo,
      a: directory(),
      'a/link': target,
      'a/link-too': target,
      'a/file': linked,
      'm-file': linked,
      'a-pipe': fifo,
    });
  },
  'sizes and holes': () => {
    const sizes = [1, 4095, 4096, 4097, 8192, 65_535, 65_536, 65_537, 69_632, 131_072, 131_073];
    const tree = treeOf(
      Object.fromEntries(sizes.map((size) => [`s${size}`, fileOf(pattern(size, size), bank)])),
    );
    tree.put('zeros', file({ sizeBytes: 3_000_001 }));
    const chunks = new Map([3, 4, 9].map((index) => [index, pattern(chunkBytes, index)]));
    for (const [name, end] of [
      ['ends-in-hole', 20 * chunkBytes - 5],
      ['ends-in-chunk', 9 * chunkBytes + 1],
    ] as const) {
      const last = new Map(chunks).set(9, pattern(1, 9));
      tree.put(
        name,
        file({ sizeBytes: end, content: bank.sparse(end > 10 * chunkBytes ? chunks : last) }),
      );
    }
    return tree;
  },
};

describe.skipIf(!isRoot)('inodes, read by the kernel (needs root to mount)', () => {
  it.for(Object.entries(trees))('have the %s of the tree', async ([, makeTree]) => {
    const tree = makeTree();
    await writeDisk(disk, tree, { diskBytes: 64 * mib, bank });
    expect(await e2fsckComplaints(disk)).toBe('');
    const listing = await mounted(disk, 'ro', listTree);
    expect(listing).toEqual(expectedListing(tree, bank));
  });
});

describe('inodes as e2fsprogs reads them', () => {
  it('have a sparse file of 5 TiB on a disk of 64 MiB', async () => {
    const sizeBytes = 5 * tib + 123;
    const content = bank.sparse(
      new Map([0, 2 ** 20, (5 * tib) / chunkBytes].map((index) => [index, pattern(123, index)])),
    );
    await writeDisk(disk, treeOf({ huge: file({ sizeBytes, content }) }), {
      diskBytes: 64 * mib,
      bank,
    });
    expect(await e2fsckComplaints(disk)).toBe('');
    const [answer = ''] = await debugfs(disk, ['stat /huge']);
    expect(answer).toContain(`Size: ${sizeBytes}`);
  });

  it('have up to 65,000 names', async () => {
    const inode = file();
    const tree = treeOf({ d: directory() });
    for (let index = 0; index < 65_000; index += 1) tree.put(`d/${index}`, inode);
    await writeDisk(disk, tree, { diskBytes: 64 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const [answer = ''] = await debugfs(disk, ['stat /d/0']);
    expect(answer).toContain('Links: 65000');
  });
});
