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

describe('the way through links', () => {
  const tree = treeOf({
    usr: directory(),
    'usr/bin': directory(),
    'usr/bin/env': file(),
    bin: symlink('usr/bin'),
    up: symlink('../../..'),
    absolute: symlink('/usr/./bin//env'),
    chain: symlink('bin'),
    'usr/home': symlink('/'),
    dangling: symlink('not/there'),
    loop: symlink('loop2'),
    loop2: symlink('loop'),
  });

  it.for([
    ['bin/env', 'usr/bin/env'],
    ['chain/../bin/env', 'usr/bin/env'],
    ['absolute', 'usr/bin/env'],
    ['up/usr', 'usr'],
    ['../../usr/home/usr/home/bin/env', 'usr/bin/env'],
    ['dangling/x', 'not/there/x'],
    ['new/../usr', 'usr'],
    ['', ''],
    ['/', ''],
  ] as const)('leads from %j to %j', ([path, expected]) => {
    expect(tree.resolve(path, 'follow-last')).toBe(expected);
  });

  it('can stop before the last one', () => {
    expect(tree.resolve('chain', 'keep-last')).toBe('chain');
    expect(tree.resolve('chain/../bin', 'keep-last')).toBe('usr/bin');
  });

  it('ends after forty', () => {
    expect(() => tree.resolve('loop', 'follow-last')).toThrow(
      expect.objectContaining({ code: 'layer_invalid' }),
    );
  });

  it('never leads out of the tree', () => {
    const steps = fc.constantFrom('..', '.', '', 'usr', 'bin', 'up', 'chain', 'absolute', 'x');
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 12 }), (list) => {
        const resolved = tree.resolve(list.join('/'), 'follow-last');
        expect(resolved.split('/')).not.toContain('..');
        expect(resolved.startsWith('/')).toBe(false);
      }),
    );
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
