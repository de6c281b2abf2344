import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { blocksPerChunk } from '../../src/ext4/format.ts';
import { maxDiskBytes, minDiskBytes, planGeometry } from '../../src/ext4/geometry.ts';
import { digestOf } from '../../src/digest/digest.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes } from '../../src/tree/inode.ts';
import { createContentBank, phantomContent } from '../layout/support/content-bank.ts';
import { e2fsckComplaints, superblockFields } from '../layout/support/judges.ts';
import { directory, file, fileOf, treeOf } from '../layout/support/make-tree.ts';
import { gib, layOut, mib, writeDisk } from '../layout/support/write-disk.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('geometry');
const disk = join(scratch, 'disk.raw');
const kib64 = chunkBytes;
const group = 128 * mib;
const tib = 1024 * gib;

const bank = createContentBank();

function fewFiles(): FileTree {
  const tree = treeOf({ d: directory() });
  for (let index = 0; index < 500; index += 1)
    tree.put(`d/${index}`, fileOf(Buffer.from(`file ${index}`.repeat(100)), bank));
  return tree;
}

function errorOf(action: () => unknown): AshlarError {
  try {
    action();
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The size that the hint of an error tells the user to ask for. */
function suggestedBytes(error: AshlarError): number {
  const match = /--disk (\d+)M\b/.exec(error.hint);
  return Number(match?.[1]) * mib;
}

describe('disks', () => {
  it.for([
    ['16 MiB', 16 * mib],
    ['16 MiB and 64 KiB', 16 * mib + kib64],
    ['100 MiB', 100 * mib],
    ['one group', group],
    ['64 KiB more than a group', group + kib64],
    ['64 KiB less than two groups', 2 * group - kib64],
    ['1 GiB', gib],
    ['64 KiB more than 1 GiB', gib + kib64],
    ['64 KiB less than 1 GiB', gib - kib64],
    ['a bitmap to a block, 128 groups', 128 * group],
    ['64 KiB more than 128 groups', 128 * group + kib64],
    ['10 GiB', 10 * gib],
    ['1 TiB', tib],
  ] as const)('of %s are as e2fsck wants them', async ([, diskBytes]) => {
    await writeDisk(disk, fewFiles(), { diskBytes, bank });
    expect(await e2fsckComplaints(disk)).toBe('');
    const fields = await superblockFields(disk);
    expect(fields.get('Block count')).toBe(String(diskBytes / 4096));
  });

  it('of the largest size are as e2fsck wants them', async () => {
    await writeDisk(disk, fewFiles(), { diskBytes: maxDiskBytes, bank });
    expect(await e2fsckComplaints(disk)).toBe('');
  });

  it.for([0, 16 * mib - kib64, 16 * mib + 4096, 16 * tib, Number.NaN, -gib, 2 ** 60])(
    'of %d bytes are refused',
    (diskBytes) => {
      const error = errorOf(() => planGeometry(diskBytes, { inodeSlabs: 1, dataChunks: 1 }));
      expect(error.code).toBe('invalid_request');
      expect(error.hint).toContain(String(maxDiskBytes));
    },
  );

  it('have no chunk of zeros among those of the layout', async () => {
    const zeros = digestOf(Buffer.alloc(chunkBytes));
    for (const diskBytes of [16 * mib, 100 * mib, gib, 64 * gib, tib, tib + kib64]) {
      const { chunks } = await layOut(fewFiles(), diskBytes, bank);
      expect([...chunks.values()]).not.toContain(zeros);
    }
  });
});

const treeWith = (chunks: number): FileTree =>
  treeOf({
    big: file({
      sizeBytes: chunks * chunkBytes,
      content: phantomContent([{ start: 0, chunks }]),
    }),
  });

describe('full disks', () => {
  it.for([
    ['16 MiB', 16 * mib],
    ['100 MiB', 100 * mib],
    ['one group', group],
    ['two groups', 2 * group],
    ['1 GiB', gib],
    ['2 GiB', 2 * gib],
    ['20 GiB', 20 * gib],
  ] as const)('of %s hold what fits and refuse a chunk more', async ([, diskBytes]) => {
    const { geometry } = (await layOut(treeOf({}), diskBytes)).plan;
    const { plan } = await layOut(treeWith(geometry.dataChunks), 2 * diskBytes);
    const besides = plan.groups.reduce((sum, planned) => sum + planned.outline.chunks, 0);
    const fitting = geometry.dataChunks - besides;
    await writeDisk(disk, treeWith(fitting), { diskBytes });
    expect(await e2fsckComplaints(disk)).toBe('');

    const error = await layOut(treeWith(fitting + 1), diskBytes).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'image_too_large' });
    const larger = suggestedBytes(error as AshlarError);
    expect(larger).toBeGreaterThan(diskBytes);
    await writeDisk(disk, treeWith(fitting + 1), { diskBytes: larger });
    expect(await e2fsckComplaints(disk)).toBe('');
  });

  it('of inodes refuse more, and say which size would do', async () => {
    const tree = treeOf({});
    for (let index = 0; index < 30_000; index += 1) tree.put(`${index}`, file());
    const error = await layOut(tree, 16 * mib).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'image_too_large' });
    expect((error as AshlarError).message).toMatch(/needs \d+ inodes/);
    const { plan } = await layOut(tree, suggestedBytes(error as AshlarError));
    expect(plan.geometry.inodes).toBeGreaterThan(30_000);
  });
});

function tryPlan(
  diskBytes: number,
  need: { inodeSlabs: number; dataChunks: number },
): ReturnType<typeof planGeometry> | null {
  try {
    return planGeometry(diskBytes, need);
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'image_too_large') return null;
    throw error;
  }
}

describe('the geometry', () => {
  const sizes = fc
    .tuple(fc.integer({ min: 24, max: 44 }), fc.double({ min: 0.5, max: 1, noNaN: true }))
    .map(([power, part]) => Math.max(minDiskBytes, Math.floor((2 ** power * part) / kib64) * kib64))
    .map((bytes) => Math.min(maxDiskBytes, bytes));
  const needs = fc.record({
    inodeSlabs: fc.integer({ min: 1, max: 60_000 }),
    dataChunks: fc.integer({ min: 1, max: 2 ** 27 }),
  });

  it('has its parts side by side, data on a chunk boundary, and room for what is needed', () => {
    fc.assert(
      fc.property(sizes, needs, (diskBytes, need) => {
        const geometry = tryPlan(diskBytes, need);
        if (geometry === null) return;
        expect(geometry.inodeSlabs).toBeGreaterThanOrEqual(need.inodeSlabs);
        expect(geometry.dataChunks).toBeGreaterThanOrEqual(need.dataChunks);
        expect(geometry.blockBitmapsStart).toBe(1 + geometry.descriptorBlocks);
        expect(geometry.descriptorBlocks * 4096).toBeGreaterThanOrEqual(geometry.groups * 32);
        expect(geometry.inodeTablesStart % blocksPerChunk).toBe(0);
        expect(geometry.inodeTablesStart).toBeGreaterThanOrEqual(
          geometry.blockBitmapsStart + 2 * geometry.groups,
        );
        expect(geometry.dataStart % blocksPerChunk).toBe(0);
        expect(geometry.dataStart).toBeGreaterThanOrEqual(
          geometry.journalStart + geometry.journalBlocks,
        );
        expect(geometry.dataStart + geometry.dataChunks * blocksPerChunk).toBe(geometry.blocks);
      }),
      { numRuns: 1000 },
    );
  });

  it('suggests a size that does, where one does', () => {
    fc.assert(
      fc.property(sizes, needs, (diskBytes, need) => {
        if (tryPlan(diskBytes, need) !== null) return;
        const larger = suggestedBytes(errorOf(() => planGeometry(diskBytes, need)));
        expect(planGeometry(larger, need).dataChunks).toBeGreaterThanOrEqual(need.dataChunks);
        // A group of 128 MiB has at most 128 slabs.
        const least = Math.max(need.dataChunks * chunkBytes, need.inodeSlabs * mib);
        expect(larger).toBeLessThanOrEqual(least * 1.07 + 256 * mib);
      }),
      { numRuns: 1000 },
    );
  });

  it('suggests nothing where no disk does', () => {
    const error = errorOf(() => planGeometry(gib, { inodeSlabs: 1, dataChunks: 2 ** 28 }));
    expect(error.hint).not.toContain('--disk');
    expect(error.hint).toContain('16 TiB');
  });
});
