import { execFileSync } from 'node:child_process';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { systemErrorCode } from '../../src/errors/ashlar-error.ts';
import { runChecked } from '../../src/process/run-command.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes } from '../../src/tree/inode.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { e2fsckComplaints, superblockFields } from '../layout/support/judges.ts';
import { directory, fileOf, treeOf } from '../layout/support/make-tree.ts';
import { expectedListing } from '../layout/support/read-back.ts';
import { gib, type LaidOut, mib, writeDisk } from '../layout/support/write-disk.ts';
import { mounted } from '../support/mounted.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';
import { listTree } from '../support/tree-listing.ts';

const scratch = scratchDir('kernel-writes');
const disk = join(scratch, 'disk.raw');
const bank = createContentBank();

function smallTree(): FileTree {
  const tree = treeOf({});
  for (let outer = 0; outer < 20; outer += 1) {
    tree.put(`d${outer}`, directory());
    for (let inner = 0; inner < 100; inner += 1)
      tree.put(`d${outer}/f${inner}`, fileOf(Buffer.from(`${outer} ${inner} `.repeat(200)), bank));
  }
  return tree;
}

/** Chunks of the disk that are not as the layout made them. */
async function changedChunks(laidOut: LaidOut, diskBytes: number): Promise<number[]> {
  const changed: number[] = [];
  const zeros = digestOf(Buffer.alloc(chunkBytes));
  const chunk = Buffer.alloc(chunkBytes);
  await using file = await open(disk);
  for (let index = 0; index < diskBytes / chunkBytes; index += 1) {
    await file.read(chunk, 0, chunkBytes, index * chunkBytes);
    if (digestOf(chunk) !== (laidOut.chunks.get(index) ?? zeros)) changed.push(index);
  }
  return changed;
}

/** Does it again and again until the disk is full, and counts. */
async function fill(once: (index: number) => Promise<void>): Promise<number> {
  for (let index = 0; index < 100_000; index += 1) {
    try {
      await once(index);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOSPC') return index;
      throw error;
    }
  }
  throw new Error('the disk was never full');
}

async function emptied(tree: FileTree): Promise<void> {
  await mounted(disk, 'rw', async (root) => {
    execFileSync('rm', ['-r', join(root, 'filler')]);
    // But for the time of the root.
    expect((await listTree(root)).slice(1)).toEqual(expectedListing(tree, bank).slice(1));
  });
  expect(await e2fsckComplaints(disk)).toBe('');
}

describe('the features of a disk', () => {
  it('are those that the design lists, and no other', async () => {
    await writeDisk(disk, smallTree(), { diskBytes: 64 * mib, bank });
    const fields = await superblockFields(disk);
    expect(fields.get('Filesystem features')?.split(' ').toSorted()).toEqual([
      'dir_index',
      'dir_nlink',
      'ext_attr',
      'extent',
      'extra_isize',
      'filetype',
      'flex_bg',
      'has_journal',
      'huge_file',
      'large_file',
      'metadata_csum',
      'sparse_super2',
    ]);
    expect(fields.get('Filesystem state')).toBe('clean');
    expect(fields.get('Checksum type')).toBe('crc32c');
    expect(fields.get('Default directory hash')).toBe('half_md4');
    expect(fields.get('Reserved block count')).toBe('0');
  });

  it('say of every group that its inode table is zeroed, and of those not in use that nothing is set up', async () => {
    await writeDisk(disk, treeOf({ f: fileOf(Buffer.from('f'), bank) }), {
      diskBytes: 10 * gib,
      bank,
    });
    const { stdout } = await runChecked('dumpe2fs', [disk]);
    const groups = [...stdout.toString().matchAll(/^Group \d+: .*?(?:\[(.*)\])?$/gm)];
    expect(groups.length).toBe(80);
    const flags = groups.map(([, list = '']) => list.split(', '));
    expect(flags.filter((list) => !list.includes('ITABLE_ZEROED'))).toEqual([]);
    // In use: the front of the disk, two slabs of inodes, the data, the last group's bitmap.
    expect(flags.filter((list) => !list.includes('INODE_UNINIT')).length).toBeLessThanOrEqual(2);
    expect(flags.filter((list) => !list.includes('BLOCK_UNINIT')).length).toBeLessThanOrEqual(5);
  });

  it('need no check at a later clock or an earlier one', async () => {
    const tree = treeOf({}, directory({ mtime: { sec: 4_102_444_800, nsec: 0 } }));
    await writeDisk(disk, tree, { diskBytes: 16 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const old = treeOf({}, directory({ mtime: { sec: -5_000_000_000, nsec: 0 } }));
    await writeDisk(disk, old, { diskBytes: 16 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
  });
});

describe.skipIf(!isRoot)('a disk that the kernel writes to (needs root to mount)', () => {
  it('changes by no more than two chunks when it is mounted and nothing is written', async () => {
    const laidOut = await writeDisk(disk, smallTree(), { diskBytes: gib, bank });
    await mounted(disk, 'rw', async () => {});
    // The superblock's and the journal's first.
    expect((await changedChunks(laidOut, gib)).length).toBeLessThanOrEqual(2);
    expect(await e2fsckComplaints(disk)).toBe('');
  });

  it('changes by a handful of chunks when a file of 8 KB is written', async () => {
    const laidOut = await writeDisk(disk, smallTree(), { diskBytes: gib, bank });
    await mounted(disk, 'rw', (root) =>
      writeFile(join(root, 'd3', 'new'), Buffer.alloc(8192, 'x')),
    );
    // Superblock, journal, two bitmaps, inode, directory, its inode, data.
    expect((await changedChunks(laidOut, gib)).length).toBeLessThanOrEqual(9);
    expect(await e2fsckComplaints(disk)).toBe('');
  });

  it('takes data until it is full, and is sound and as before when that is deleted', async () => {
    const tree = smallTree();
    await writeDisk(disk, tree, { diskBytes: 64 * mib, bank });
    await mounted(disk, 'rw', async (root) => {
      await mkdir(join(root, 'filler'));
      const sizes = await fill((index) =>
        writeFile(join(root, `filler/${index}`), Buffer.alloc(mib, 'x')),
      );
      expect(sizes).toBeGreaterThan(20);
    });
    expect(await e2fsckComplaints(disk)).toBe('');
    await emptied(tree);
  });

  it('takes names until no inode is left, and is sound and as before when they are deleted', async () => {
    const tree = smallTree();
    const { plan } = await writeDisk(disk, tree, { diskBytes: 64 * mib, bank });
    const used = 11 + 20 + 2000;
    await mounted(disk, 'rw', async (root) => {
      await mkdir(join(root, 'filler'));
      const names = await fill((index) => writeFile(join(root, `filler/${index}`), ''));
      expect(names).toBe(plan.geometry.inodes - used - 1);
    });
    expect(await e2fsckComplaints(disk)).toBe('');
    await emptied(tree);
  });
});
