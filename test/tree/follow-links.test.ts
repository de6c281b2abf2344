import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followInTree, followLinks, followLinksSlowly } from '../../src/tree/follow-links.ts';
import { directory, file, symlink, treeOf } from '../layout/support/make-tree.ts';

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

/** A tree of which every name is a link to `target`. */
function everyNameLinksTo(target: string): { find: () => string; asked: () => number } {
  let asked = 0;
  const find = (): string => {
    asked += 1;
    return target;
  };
  return { find, asked: () => asked };
}

describe('the way through links', () => {
  it.for([
    ['bin/env', 'usr/bin/env', 3],
    ['chain/../bin/env', 'usr/bin/env', 3],
    ['absolute', 'usr/bin/env', 3],
    ['up/usr', 'usr', 1],
    ['../../usr/home/usr/home/bin/env', 'usr/bin/env', 3],
    ['dangling/x', 'not/there/x', 0],
    ['usr/new/x', 'usr/new/x', 1],
    ['usr/bin/env/x', 'usr/bin/env/x', 3],
    ['new/../usr', 'usr', 1],
    ['', '', 0],
    ['/', '', 0],
  ] as const)('leads from %j to %j, of which %i exist', ([path, expected, existing]) => {
    const way = followInTree(tree, path);
    expect(way).toMatchObject({ isDeadEnd: false, existing });
    if (way.isDeadEnd) throw new Error(way.problem);
    expect(way.names.join('/')).toBe(expected);
    expect(way.node).toBe(tree.lookup(expected));
  });

  it('is a dead end after forty', () => {
    expect(followInTree(tree, 'loop/x')).toEqual({
      isDeadEnd: true,
      problem: 'leads through over 40 links',
    });
  });

  it.for([
    ['of a path', 'x/'.repeat(5000), symlink('y'), 0],
    ['of link targets', 'x', symlink(`${'./'.repeat(2000)}y`), 3],
    ['that are empty', 'x', symlink(`${'/'.repeat(2000)}y`), 3],
    ['of one target', 'x', symlink('y/'.repeat(1_000_000)), 1],
  ] as const)('is a dead end after 4096 names %s', ([, path, link, asked]) => {
    const links = everyNameLinksTo(link.target);
    const request = { path, root: '', targetOf: (target: string) => target };
    expect(followLinks(request, links.find)).toEqual({
      isDeadEnd: true,
      problem: 'leads through over 4096 directories and links',
    });
    expect(links.asked()).toBe(asked);
  });

  it.for(['usr/bin/env/..', 'usr/bin/env/x', 'usr/none/..', 'dangling/..'])(
    'is a dead end at %j for who cannot go through files and what is missing',
    async (path) => {
      const request = {
        path,
        root: tree.root,
        targetOf: ({ inode }: typeof tree.root) =>
          inode.type === 'symlink' ? inode.target : undefined,
        leadsOn: (node: typeof tree.root | undefined) => node?.inode.type === 'directory',
      };
      const way = await followLinksSlowly(request, async (parent, name) =>
        parent.children?.get(name),
      );
      expect(way).toEqual({ isDeadEnd: true, problem: 'leads through what is no directory' });
    },
  );

  it('never leads out of the tree', () => {
    const steps = fc.constantFrom('..', '.', '', 'usr', 'bin', 'up', 'chain', 'absolute', 'x');
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 12 }), (list) => {
        const way = followInTree(tree, list.join('/'));
        if (way.isDeadEnd) throw new Error(way.problem);
        for (const name of way.names) expect(['', '.', '..']).not.toContain(name);
        expect(way.names.join('/').split('/').length).toBe(Math.max(1, way.names.length));
      }),
    );
  });
});
