import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedTree } from './support/stored-tree.ts';
import { listDirectory } from '../../src/tree/list-directory.ts';

describe('listDirectory', () => {
  it('names what is in a directory, whatever lies below and beside', async () => {
    const { reader } = storedTree(['a/x', 'a/b/c/d', 'a/b!/e', 'a/b\x01/f', 'a!', 'ab/g']);
    expect(await namesIn(reader, 'a')).toEqual(['b', 'b\x01', 'b!', 'x']);
    expect(await namesIn(reader, '')).toEqual(['a', 'a!', 'ab']);
    expect(await namesIn(reader, 'a/b')).toEqual(['c']);
  });

  it('names nothing where there is no directory', async () => {
    const { reader } = storedTree(['a/x', 'b/y']);
    for (const path of ['a/x', 'nothing', 'a/nothing', 'zzz', 'a\x01'])
      expect([path, await namesIn(reader, path)]).toEqual([path, []]);
  });

  it('finds the same as who reads all of the tree', async () => {
    const name = fc
      .string({
        unit: fc.constantFrom('a', 'b', '\x01', '\xff', '.', '!'),
        minLength: 1,
        maxLength: 3,
      })
      .filter((text) => !/^\.\.?$/.test(text));
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.array(path, { maxLength: 30 }), async (paths) => {
        const { reader, tree } = storedTree(paths);
        const directories = ['', ...paths.flatMap((one) => prefixesOf(one))];
        for (const directory of directories) {
          const children = tree.lookup(directory)?.children;
          expect(await namesIn(reader, directory)).toEqual([...(children?.keys() ?? [])].sort());
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reads few pages of a large tree', async () => {
    const paths = Array.from({ length: 20_000 }, (_, index) => `usr/${index % 200}/file-${index}`);
    const { reader, pagesRead } = storedTree([...paths, 'etc/a', 'etc/b/c', 'var/x']);
    expect(reader.root.pages.length).toBeGreaterThan(20);
    expect(await namesIn(reader, 'etc')).toEqual(['a', 'b']);
    expect(pagesRead()).toBeLessThanOrEqual(3);
    expect(await namesIn(reader, '')).toEqual(['etc', 'usr', 'var']);
    expect(pagesRead()).toBeLessThanOrEqual(6);
  });
});

async function namesIn(reader: Parameters<typeof listDirectory>[0], path: string) {
  return (await listDirectory(reader, path)).sort();
}

function prefixesOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}
