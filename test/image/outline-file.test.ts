import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { decodeOutline, encodeOutline, readOutlineBytes } from '../../src/image/outline-file.ts';
import { planLayout } from '../../src/layout/plan-layout.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import { orderTree, treeKeyOf } from '../../src/tree/tree-order.ts';
import type { TreeRoot } from '../../src/tree/tree-root.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { treeOfSpec, type TreeSpec, treeSpecs } from '../layout/support/random-tree.ts';
import { mib } from '../layout/support/write-disk.ts';

const tree = digestOf(Buffer.from('a tree'));
const other = digestOf(Buffer.from('another'));

function sample(spec: TreeSpec) {
  const { outline, groups } = planLayout(
    orderTree(treeOfSpec(spec, createContentBank())),
    64 * mib,
  );
  const pages = groups.map(({ entries }, number) => {
    const [first] = entries;
    if (first === undefined) throw new Error('an empty group');
    const digest = digestOf(Buffer.from(`page ${number}`));
    return { digest, firstKey: treeKeyOf(first), entries: entries.length };
  });
  const totals = { directories: 0, files: 0, others: 0, hardLinks: 0, contentBytes: 0 };
  const root: TreeRoot = { totals, pages };
  return { outline, root };
}

describe('the outline of a layout', () => {
  it('is read as it was written, for its own tree alone', () => {
    fc.assert(
      fc.property(treeSpecs, (spec) => {
        const { outline, root } = sample(spec);
        const bytes = encodeOutline(outline, tree);
        const largeFiles = outline.largeFiles.toSorted((left, right) =>
          left.path < right.path ? -1 : 1,
        );
        expect(decodeOutline(bytes, tree, root)).toEqual({ ...outline, largeFiles });
        expect(decodeOutline(bytes, other, root)).toBe(null);
        expect(decodeOutline(bytes, tree, { ...root, pages: [] })).toBe(null);
      }),
      { numRuns: 30 },
    );
  });

  it('is none where any byte is another, or some are missing', () => {
    const [spec] = fc.sample(treeSpecs, { numRuns: 1, seed: 5 });
    if (spec === undefined) throw new Error('no sample');
    const { outline, root } = sample(spec);
    const whole = encodeOutline(outline, tree);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
      expect(decodeOutline(bytes, tree, root)).toBe(null);
      expect(decodeOutline(whole.subarray(0, at), tree, root)).toBe(null);
    }
  });

  it('is missed and not failed for', async () => {
    const objects = createMemoryObjectStore();
    expect(await readOutlineBytes(objects, tree)).toBe(null);
    await objects.put(imageKey(tree, 'outline'), Buffer.from('any'));
    expect(await readOutlineBytes(objects, tree)).toEqual(Buffer.from('any'));
  });
});
