import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/digest/digest.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { loadTree } from '../../../src/image/load-tree.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { patchImage } from '../../../src/image/patch/patch-image.ts';
import { writeImage } from '../../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import type { Inode } from '../../../src/tree/inode.ts';
import { treeOfSpec, treeSpecs } from '../../layout/support/random-tree.ts';
import { mib } from '../../layout/support/write-disk.ts';
import { sampleConfig } from '../support/sample-image.ts';
import { createImageBank, type ImageBank } from './image-bank.ts';
import { changeRounds, putsOf, removalsOf } from './random-changes.ts';
import { doEdits } from './random-edits.ts';
import { shapeOf } from './tree-shape.ts';

/** A failure prints the seed and the path of the shrunk changes; give them here to see it again. */
const runs = { numRuns: 60, seed: 20_261_122 };
const diskBytes = 64 * mib;
const provenance = { kind: 'patch test' };

async function write(
  imageStore: ImageStore,
  tree: FileTree,
  { bank, puts }: { readonly bank: ImageBank; readonly puts: readonly Inode[] },
): Promise<Digest> {
  const writer = imageStore.createWriter();
  await bank.bring(writer, puts);
  const input = { tree, config: sampleConfig, diskBytes, provenance, writer };
  return (await writeImage(imageStore, input)).digest;
}

describe('a patched image', () => {
  it('has the digest that the layout of the whole tree gives, and is made where shapes are equal, and mostly where not', async () => {
    const counts = { patched: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(treeSpecs, changeRounds, async (spec, rounds) => {
        const bank = createImageBank();
        using imageStore = createImageStore(createMemoryObjectStore(), null);
        using oracle = createImageStore(createMemoryObjectStore(), null);
        const tree = treeOfSpec(spec, bank);
        const inodes = allInodes(tree);
        let digest = await write(imageStore, tree, { bank, puts: inodes });
        for (const changes of rounds) {
          const before = shapeOf(tree);
          const asked = {
            puts: new Map(putsOf(tree, changes, bank)),
            removals: removalsOf(tree, changes),
          };
          const { puts, removals } = doEdits(tree, asked);
          const isSameShape = shapeOf(tree).join('\n') === before.join('\n');
          const expected = await write(oracle, tree, { bank, puts: allInodes(tree) });

          const base = await openImage(imageStore, digest);
          const writer = imageStore.createWriter();
          await bank.bring(writer, puts.values());
          const patch = { puts, removals, config: sampleConfig, provenance, writer };
          const patched = await patchImage(imageStore, base, patch);

          if ((isSameShape && removals.size === 0) || patched !== null)
            expect(patched).toBe(expected);
          if (patched === null) counts.refused += 1;
          else counts.patched += 1;
          digest = patched ?? (await write(imageStore, tree, { bank, puts: allInodes(tree) }));
          const reread = await loadTree(imageStore, await openImage(imageStore, digest));
          expect(shapeOf(reread.tree)).toEqual(shapeOf(tree));
        }
      }),
      runs,
    );
    expect(counts.patched).toBeGreaterThan(120);
    expect(counts.refused).toBeGreaterThan(5);
  });
});

function allInodes(tree: FileTree): Inode[] {
  const inodes: Inode[] = [];
  const visit = (node: FileTree['root']): void => {
    inodes.push(node.inode);
    for (const child of node.children?.values() ?? []) visit(child);
  };
  visit(tree.root);
  return inodes;
}
