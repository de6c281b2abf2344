import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/bytes/byte-path.ts';
import { createFileTree, joinPath, nameOf, parentOf } from '../../src/tree/file-tree.ts';
import { orderTree } from '../../src/tree/tree-order.ts';
import { directory, file, symlink, treeOf } from '../layout/support/make-tree.ts';

const pathsOf = (tree: Parameters<typeof orderTree>[0]): string[] =>
  orderTree(tree).map(({ path }) => path);

describe('a tree in memory', () => {
  it('gives every directory an inode of its own, whatever object is put', () => {
    const shared = directory();
    const tree = createFileTree(shared);
    for (const path of ['a', 'b', 'a/c']) tree.put(path, shared);
    tree.put('', shared);
    const inodes = ['', 'a', 'b', 'a/c'].map((path) => tree.lookup(path)?.inode);
    expect(new Set(inodes).size).toBe(4);
    for (const inode of inodes) expect(inode).toEqual(shared);
  });

  it('takes the same object at two paths for a hard link', () => {
    const linked = file({ mode: 0o600 });
    const tree = treeOf({ z: linked, d: directory(), 'd/a': linked });
    expect(tree.lookup('d/a')?.inode).toBe(linked);
    expect(orderTree(tree).filter(({ inode }) => inode === linked)).toMatchObject([
      { path: 'z', firstPath: 'z' },
      { path: 'd/a', firstPath: 'z' },
    ]);
  });

  it('keeps the children of a directory that is put again, and of nothing else', () => {
    const tree = treeOf({ d: directory(), 'd/e': directory(), 'd/e/f': file() });
    tree.put('d', directory({ mode: 0o700 }));
    expect(pathsOf(tree)).toEqual(['', 'd', 'd/e', 'd/e/f']);
    expect(tree.lookup('d')?.inode.mode).toBe(0o700);
    tree.put('d', file());
    tree.put('d', directory());
    expect(pathsOf(tree)).toEqual(['', 'd']);
  });

  it('forgets the children of what was removed or replaced, though they were filled last', () => {
    const tree = treeOf({ d: directory(), 'd/e': directory(), 'd/e/f': file() });
    expect(tree.remove('d')).toBe(true);
    expect(tree.remove('d')).toBe(false);
    expect(() => tree.put('d/e/g', file())).toThrow(expect.objectContaining({ code: 'internal' }));
    tree.put('d', directory());
    tree.put('d/e', symlink('..'));
    expect(() => tree.put('d/e/g', file())).toThrow(expect.objectContaining({ code: 'internal' }));
    tree.clear('d');
    expect(pathsOf(tree)).toEqual(['', 'd']);
  });

  it.each(['', '.', '..', 'a\0b'])('takes no name %j, which no file can have', (name) => {
    const tree = treeOf({ d: directory() });
    expect(() => tree.put(`d/${name}`, file())).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    expect(pathsOf(tree)).toEqual(['', 'd']);
  });

  it('has a root that stays a directory', () => {
    const tree = treeOf({ a: file() }, directory({ mode: 0o700 }));
    tree.put('', directory({ mode: 0o711 }));
    expect(tree.root.inode.mode).toBe(0o711);
    expect(tree.lookup('a')).toBeDefined();
    expect(() => tree.put('', file())).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => tree.remove('')).toThrow(expect.objectContaining({ code: 'internal' }));
    tree.clear('');
    expect(pathsOf(tree)).toEqual(['']);
  });
});

describe('parts of a path', () => {
  it('make it up again', () => {
    const names = fc.string({ minLength: 1 }).filter((name) => !name.includes('/'));
    fc.assert(
      fc.property(fc.array(names, { minLength: 1 }), (list) => {
        const path = fromUtf8(list.join('/'));
        expect(joinPath(parentOf(path), nameOf(path))).toBe(path);
      }),
    );
    expect([parentOf(''), nameOf(''), parentOf('a'), nameOf('a')]).toEqual(['', '', '', 'a']);
  });
});
