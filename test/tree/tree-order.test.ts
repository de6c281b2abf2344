import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFileTree, type TreeNode } from '../../src/tree/file-tree.ts';
import { compareTreeKeys, orderTree, treeKeyOf } from '../../src/tree/tree-order.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { directory, file, treeOf } from '../layout/support/make-tree.ts';
import { treeOfSpec, treeSpecs } from '../layout/support/random-tree.ts';

describe('the canonical order', () => {
  it('is by bytes, files before the subdirectories of a directory', () => {
    const tree = treeOf({
      b: directory(),
      'b/z': file(),
      'b/a': directory(),
      'b/a/x': file(),
      'b-c': directory(),
      'b-c/y': file(),
      z: file(),
      '\xff': file(),
      A: file(),
    });
    expect(orderTree(tree).map(({ path }) => path)).toEqual([
      '',
      'A',
      'z',
      '\xff',
      'b',
      'b/z',
      'b/a',
      'b/a/x',
      'b-c',
      'b-c/y',
    ]);
  });

  it('is found of a tree that is deeper than the stack', () => {
    const levels = 50_000;
    let root: TreeNode = { inode: directory(), children: new Map() };
    for (let level = 0; level < levels; level += 1)
      root = { inode: directory(), children: new Map([['d', root]]) };
    const entries = orderTree({ ...createFileTree(directory()), root });
    expect(entries).toHaveLength(levels + 1);
    expect(entries.at(-1)?.path).toHaveLength(2 * levels - 1);
  });

  it('is the one that keys are compared in, and has every name once', () => {
    fc.assert(
      fc.property(treeSpecs, (spec) => {
        const entries = orderTree(treeOfSpec(spec, createContentBank()));
        const keys = entries.map(treeKeyOf);
        const signs = keys.slice(1).flatMap((key, index) => {
          const previous = keys[index] ?? key;
          const [up, down] = [compareTreeKeys(previous, key), compareTreeKeys(key, previous)];
          return [Math.sign(up), Math.sign(down), compareTreeKeys(key, key)];
        });
        expect(signs).toEqual(keys.slice(1).flatMap(() => [-1, 1, 0]));
        expect(new Set(entries.map(({ path }) => path)).size).toBe(entries.length);
      }),
      { numRuns: 30 },
    );
  });

  it('holds for trees as deep as a path can be', () => {
    const tree = treeOf({});
    let path = '';
    for (let depth = 0; depth < 2048; depth += 1) {
      path = path === '' ? 'd' : `${path}/d`;
      tree.put(path, directory());
    }
    expect(orderTree(tree).length).toBe(2049);
  });
});
