import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { groupEntries } from '../../src/layout/group-entries.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { orderTree, treeKeyOf } from '../../src/tree/tree-order.ts';
import { decodeTreePage, encodeTreePage, type TreePage } from '../../src/tree/tree-page.ts';
import { createTreeReader, type TreeReader } from '../../src/tree/tree-reader.ts';
import {
  decodeTreeRoot,
  encodeTreeRoot,
  type TreePageReference,
  type TreeRoot,
} from '../../src/tree/tree-root.ts';
import { collect } from '../support/failures.ts';
import { directory, file, symlink, treeOf } from '../layout/support/make-tree.ts';

const totals = { directories: 1, files: 2, others: 3, hardLinks: 4, contentBytes: 2 ** 45 };

/** A reader of the pages of a tree, which counts those that are read. */
function readerOf(tree: FileTree): { reader: TreeReader; pagesRead: () => number; pages: number } {
  const pages = new Map<string, TreePage>();
  const references = groupEntries(orderTree(tree)).map(({ entries }): TreePageReference => {
    const bytes = encodeTreePage({ entries, bins: [], places: new Map() });
    const digest = digestOf(bytes);
    pages.set(digest, decodeTreePage(bytes));
    const [first] = entries;
    if (first === undefined) throw new Error('a page of no entries');
    return { digest, firstKey: treeKeyOf(first), entries: entries.length };
  });
  const root = decodeTreeRoot(encodeTreeRoot({ totals, pages: references }));
  let read = 0;
  const reader = createTreeReader(root, async ({ digest }) => {
    read += 1;
    const page = pages.get(digest);
    if (page === undefined) throw new Error(`no page ${digest}`);
    return page;
  });
  return { reader, pagesRead: () => read, pages: references.length };
}

function manyPages(): FileTree {
  const shared = file({ mode: 0o600 });
  const tree = treeOf({ bin: symlink('usr/bin'), usr: directory(), 'usr/bin': directory() });
  for (let outer = 0; outer < 30; outer += 1) {
    tree.put(`usr/d${outer}`, directory({ uid: outer }));
    for (let inner = 0; inner < 60; inner += 1)
      tree.put(`usr/d${outer}/f${inner}`, file({ uid: outer, gid: inner }));
    tree.put(`usr/d${outer}/shared`, shared);
  }
  tree.put('usr/bin/env', file({ mode: 0o755 }));
  tree.put('usr/bin/up', symlink('../../../usr/d3/./f7'));
  tree.put('usr/bin/loop', symlink('/bin/loop'));
  tree.put('usr/bin/gone', symlink('nowhere'));
  tree.put('usr/bin/f-dir', symlink('/usr/d3'));
  return tree;
}

describe('a tree that is read by pages', () => {
  const tree = manyPages();

  it('finds every name, reading three pages at most', async () => {
    const { reader, pagesRead, pages } = readerOf(tree);
    expect(pages).toBeGreaterThan(7);
    for (const { path, inode } of orderTree(tree)) {
      const before = pagesRead();
      expect(await reader.lookup(path)).toEqual(inode);
      expect(pagesRead() - before).toBeLessThanOrEqual(3);
    }
  });

  it.for(['nothing', 'usr/d3/f7/x', 'usr/d3/', 'usr/d', 'usr/d31', 'zzz', 'bin/env', '/', '.'])(
    'finds nothing at %j',
    async (path) => {
      expect(await readerOf(tree).reader.lookup(path)).toBeNull();
    },
  );

  it.for([
    ['bin/env', 'usr/bin/env'],
    ['/bin/../bin/./env', 'usr/bin/env'],
    ['bin/up', 'usr/d3/f7'],
    ['bin/f-dir/f8', 'usr/d3/f8'],
    ['usr/d3/', 'usr/d3'],
    ['../..', ''],
  ] as const)('follows links from %j to %j', async ([path, expected]) => {
    const found = await readerOf(tree).reader.lookupFollowing(path);
    expect(found.path).toBe(expected);
    expect(found.inode).toEqual(tree.lookup(expected)?.inode);
  });

  it.for(['bin/loop', 'bin/gone', 'bin/gone/..', 'nothing/../bin/env', 'bin/env/..', 'bin/env/x'])(
    'finds nothing where %j leads',
    async (path) => {
      await expect(readerOf(tree).reader.lookupFollowing(path)).rejects.toMatchObject({
        code: 'file_not_found',
      });
    },
  );

  it('lists all of it, hard links with the object of the first', async () => {
    const entries = await collect(readerOf(tree).reader.entries());
    const ordered = orderTree(tree).map(({ path, inode, firstPath }) => ({
      path,
      inode,
      firstPath,
    }));
    expect(entries).toEqual(ordered);
    const linked = entries.filter(({ path }) => path.endsWith('/shared'));
    expect(linked.length).toBe(30);
    expect(new Set(linked.map(({ inode }) => inode)).size).toBe(1);
  });

  it('lists what is at and below a directory', async () => {
    const entries = await collect(readerOf(tree).reader.entries('usr/d3'));
    const expected = orderTree(tree).filter(({ path }) => /^usr\/d3(\/|$)/.test(path));
    expect(entries.map(({ path }) => path)).toEqual(expected.map(({ path }) => path));
  });

  it('refuses hard links that lead to themselves, to each other or to nothing', async () => {
    const inode = file();
    const entries = [
      { path: '', inode: directory(), firstPath: '' },
      { path: 'a', inode, firstPath: 'b' },
      { path: 'b', inode, firstPath: 'a' },
      { path: 'c', inode, firstPath: 'c ' },
    ];
    const page = decodeTreePage(encodeTreePage({ entries, bins: [], places: new Map() }));
    const firstKey = { directory: '', name: '' };
    const root: TreeRoot = {
      totals,
      pages: [{ digest: digestOf(Buffer.alloc(0)), firstKey, entries: 4 }],
    };
    const reader = createTreeReader(root, async () => page);
    for (const path of ['a', 'b', 'c'])
      await expect(reader.lookup(path)).rejects.toMatchObject({ code: 'tree_corrupt' });
    await expect(collect(reader.entries())).rejects.toMatchObject({ code: 'tree_corrupt' });
  });
});

describe('the root of a tree', () => {
  const page = {
    digest: digestOf(Buffer.from('page')),
    firstKey: { directory: 'usr/\xff', name: 'x' },
    entries: 7,
  };
  const bytes = encodeTreeRoot({ totals, pages: [page, page] });

  it('gives back what was written', () => {
    expect(decodeTreeRoot(bytes)).toEqual({ totals, pages: [page, page] });
  });

  it('is refused when it is cut off anywhere, or goes on', () => {
    const refused = expect.objectContaining({ code: 'tree_corrupt' }) as Error;
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeTreeRoot(bytes.subarray(0, length))).toThrow(refused);
    expect(() => decodeTreeRoot(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(refused);
  });

  it('is refused when it counts more pages than it has bytes for, or is of another version', () => {
    const refused = expect.objectContaining({ code: 'tree_corrupt' }) as Error;
    const claims = Buffer.from(bytes);
    const count = encodeTreeRoot({ totals, pages: [] }).length - 1;
    claims.writeUInt8(0x7f, count);
    expect(() => decodeTreeRoot(claims)).toThrow(refused);
    claims.writeUInt8(2, 0);
    expect(() => decodeTreeRoot(claims)).toThrow(refused);
  });
});
