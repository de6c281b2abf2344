import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitExtents } from '../../src/ext4/extent-tree.ts';
import { blocksPerChunk } from '../../src/ext4/format.ts';
import { chunkBytes, type FileInode } from '../../src/tree/inode.ts';
import { phantomContent } from '../layout/support/content-bank.ts';
import { debugfs, e2fsckComplaints } from '../layout/support/judges.ts';
import { file, treeOf } from '../layout/support/make-tree.ts';
import { gib, writeDisk } from '../layout/support/write-disk.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('extents');
const disk = join(scratch, 'disk.raw');
const diskBytes = 16 * gib;

interface LeafExtent {
  readonly logical: number;
  readonly physical: number;
  readonly blocks: number;
}

/** A file of which every other chunk is a hole, so that it has this many extents. */
function comb(extents: number): FileInode {
  const runs = Array.from({ length: extents }, (_, index) => ({ start: index * 2, chunks: 1 }));
  return file({ sizeBytes: (extents * 2 - 1) * chunkBytes, content: phantomContent(runs) });
}

async function extentsOnDisk(path: string): Promise<{ depth: number; leaves: LeafExtent[] }> {
  const [answer = ''] = await debugfs(disk, [`dump_extents -l ${path}`]);
  const line = /^\s*(\d+)\/\s*(\d+)\s+\d+\/\s*\d+\s+(\d+)\s+-\s+\d+\s+(\d+)\s+-\s+\d+\s+(\d+)/gm;
  const matches = [...answer.matchAll(line)].map((match) => match.slice(1).map(Number));
  return {
    depth: matches[0]?.[1] ?? -1,
    leaves: matches.map(([, , logical = -1, physical = -1, blocks = -1]) => ({
      logical,
      physical,
      blocks,
    })),
  };
}

describe('extent trees', () => {
  it.for([
    { extents: 1, depth: 0 },
    { extents: 4, depth: 0 },
    { extents: 5, depth: 1 },
    { extents: 340, depth: 1 },
    { extents: 341, depth: 1 },
    { extents: 4 * 340, depth: 1 },
    { extents: 4 * 340 + 1, depth: 2 },
    { extents: 340 * 340, depth: 2 },
    { extents: 340 * 340 + 1, depth: 2 },
  ])('of $extents extents have $depth levels below the inode', async ({ extents, depth }) => {
    const inode = comb(extents);
    const { plan } = await writeDisk(disk, treeOf({ comb: inode }), { diskBytes });
    const start = plan.collected.planned.find((planned) => planned.inode === inode)?.dataStart ?? 0;
    expect(await e2fsckComplaints(disk)).toBe('');
    const found = await extentsOnDisk('/comb');
    expect(found.depth).toBe(depth);
    expect(found.leaves).toEqual(
      Array.from({ length: extents }, (_, index) => ({
        logical: index * 2 * blocksPerChunk,
        physical: start + index * blocksPerChunk,
        blocks: blocksPerChunk,
      })),
    );
  });

  it('cut runs at 32,768 blocks, the most of an extent', async () => {
    const runs = [
      { start: 0, chunks: 2048 },
      { start: 3000, chunks: 2049 },
      { start: 6000, chunks: 1 },
    ];
    const inode = file({ sizeBytes: 6000 * chunkBytes + 1, content: phantomContent(runs) });
    await writeDisk(disk, treeOf({ long: inode }), { diskBytes });
    expect(await e2fsckComplaints(disk)).toBe('');
    const { leaves } = await extentsOnDisk('/long');
    expect(leaves.map(({ logical, blocks }) => [logical, blocks])).toEqual([
      [0, 32_768],
      [48_000, 32_768],
      [80_768, 16],
      [96_000, 1],
    ]);
  });

  it('reach the last block that a file can have', async () => {
    const lastChunk = 2 ** 28 - 1;
    const sizeBytes = (2 ** 32 - 1) * 4096;
    const runs = [
      { start: 0, chunks: 1 },
      { start: lastChunk, chunks: 1 },
    ];
    await writeDisk(disk, treeOf({ end: file({ sizeBytes, content: phantomContent(runs) }) }), {
      diskBytes,
    });
    expect(await e2fsckComplaints(disk)).toBe('');
    const { leaves } = await extentsOnDisk('/end');
    expect(leaves.at(-1)).toMatchObject({ logical: 2 ** 32 - 16, blocks: 15 });
  });

  it('lose and add nothing when runs are split', () => {
    const pieces = splitExtents([{ logical: 7, physical: 1000, blocks: 100_000 }]);
    expect(pieces).toEqual([
      { logical: 7, physical: 1000, blocks: 32_768 },
      { logical: 32_775, physical: 33_768, blocks: 32_768 },
      { logical: 65_543, physical: 66_536, blocks: 32_768 },
      { logical: 98_311, physical: 99_304, blocks: 1696 },
    ]);
  });
});
