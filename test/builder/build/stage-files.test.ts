import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStageFiles } from '../../../builder/build/stage-files.ts';
import {
  createImageStore,
  createMemoryObjectStore,
  followInEditable,
  followInTree,
  loadTree,
  openImage,
  writeImage,
} from '../../../src/index.ts';
import { sampleConfig } from '../../image/support/sample-image.ts';
import { directory, file, symlink, treeOf } from '../../layout/support/make-tree.ts';

const shared = file();
const inodes = {
  a: directory(),
  'a/b': directory(),
  'a/b/file': file(),
  'a/linked': shared,
  'a/to-c': symlink('../c'),
  c: directory(),
  'c/linked': shared,
  'c/up': symlink('..'),
  'to-nowhere': symlink('/none/at/all'),
  'to-b': symlink('/a/b'),
};
const names = ['a', 'b', 'c', 'file', 'linked', 'to-c', 'up', 'to-nowhere', 'to-b', 'new', '..'];
const paths = fc.array(fc.constantFrom(...names), { maxLength: 5 }).map((parts) => parts.join('/'));

const edits = fc.array(
  fc.record({
    path: paths,
    what: fc.constantFrom('file', 'directory', 'symlink', 'look', 'whole'),
  }),
  { maxLength: 25 },
);

describe('the files of a stage', () => {
  it('are the same whether they are read into memory or looked at one by one', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const writer = imageStore.createWriter();
    const input = { tree: treeOf(inodes), config: sampleConfig, diskBytes: 2 ** 26, writer };
    const { digest } = await writeImage(imageStore, { ...input, provenance: {} });
    const image = await openImage(imageStore, digest);
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        const { tree } = await loadTree(imageStore, image);
        const files = createStageFiles(image, (stored) => loadTree(imageStore, stored));
        for (const { path, what } of list) {
          const way = followInTree(tree, path);
          const sameWay = await followInEditable(files, path);
          expect(sameWay.isDeadEnd).toBe(way.isDeadEnd);
          if (way.isDeadEnd || sameWay.isDeadEnd) continue;
          expect(sameWay.names).toEqual(way.names);
          expect(sameWay.existing).toBe(way.existing);
          expect(sameWay.node?.inode).toEqual(way.node?.inode);
          if (what === 'whole') await files.loaded();
          const isPossible =
            way.existing >= way.names.length - 1 &&
            way.names.length > 0 &&
            tree.lookup(way.names.slice(0, -1).join('/'))?.inode.type === 'directory';
          if (what === 'look' || what === 'whole' || !isPossible) continue;
          const made = { file: file(), directory: directory(), symlink: symlink('a') }[what];
          tree.put(way.names.join('/'), made ?? file());
          await files.put(way.names.join('/'), made ?? file());
        }
        const { puts } = files;
        expect((await files.loaded()).tree.root).toEqual(tree.root);
        if (puts === undefined) return;
        const again = await loadTree(imageStore, image);
        for (const [path, inode] of puts) again.tree.put(path, inode);
        expect(again.tree.root).toEqual(tree.root);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});
