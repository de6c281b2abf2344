import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mounted } from '../support/mounted.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';
import { listTree } from '../support/tree-listing.ts';
import { createContentBank } from './support/content-bank.ts';
import { e2fsckComplaints } from './support/judges.ts';
import { treeOfSpec, treeSpecs } from './support/random-tree.ts';
import { expectedListing, expectedXattrs, readXattrs } from './support/read-back.ts';
import { mib, writeDisk } from './support/write-disk.ts';

const scratch = scratchDir('random-trees');
const disk = join(scratch, 'disk.raw');

/** A failure prints the seed and the path of the shrunk tree; give them here to see it again. */
const runs = { numRuns: 60, seed: 20_261_122 };
/** Mounting takes its time. */
const mountedRuns = { ...runs, numRuns: 35 };

describe('random trees', () => {
  it('are disks that e2fsck has nothing to say against', async () => {
    await fc.assert(
      fc.asyncProperty(treeSpecs, async (spec) => {
        const bank = createContentBank();
        await writeDisk(disk, treeOfSpec(spec, bank), { diskBytes: 64 * mib, bank });
        expect(await e2fsckComplaints(disk)).toBe('');
      }),
      runs,
    );
  });

  it.skipIf(!isRoot)('are read back by the kernel as they were (needs root to mount)', async () => {
    await fc.assert(
      fc.asyncProperty(treeSpecs, async (spec) => {
        const bank = createContentBank();
        const tree = treeOfSpec(spec, bank);
        await writeDisk(disk, tree, { diskBytes: 64 * mib, bank });
        await mounted(disk, 'ro', async (root) => {
          expect(await listTree(root)).toEqual(expectedListing(tree, bank));
          expect(await readXattrs(root)).toEqual(expectedXattrs(tree));
        });
      }),
      mountedRuns,
    );
  });
});
