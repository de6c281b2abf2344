import { describe, expect, it } from 'vitest';
import { createImageStore } from '../../../src/image/image-store.ts';
import { loadTree } from '../../../src/image/load-tree.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { changeImage, type ChangingFiles } from '../../../src/image/patch/change-image.ts';
import { writeImage } from '../../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import { largeTree } from '../../layout/support/large-tree.ts';
import { directory, fileOf, symlink, treeOf } from '../../layout/support/make-tree.ts';
import { mib } from '../../layout/support/write-disk.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { sampleConfig } from '../support/sample-image.ts';
import { createImageBank } from './image-bank.ts';

const bank = createImageBank();
const linked = fileOf(pattern(3000, 1), bank);
const sample = () => ({
  ...Object.fromEntries(largeTree(bank, { files: 600, name: 'change' })),
  etc: directory(),
  'etc/one': fileOf(pattern(100, 2), bank),
  'etc/two': fileOf(pattern(200, 3), bank),
  'etc/old': directory(),
  'etc/old/below': symlink('two'),
  linked,
  'linked too': linked,
});

interface Change {
  /** What is loaded before the tree is changed. */
  readonly paths: readonly string[];
  readonly change: (tree: FileTree) => void;
  /** Whether that goes without the whole tree. */
  readonly inPart: boolean;
}

const lookedUp = (tree: FileTree, path: string) => {
  const inode = tree.lookup(path)?.inode;
  if (inode === undefined) throw new Error(`nothing at ${path}`);
  return inode;
};

const changes: Readonly<Record<string, Change>> = {
  'new names and removed ones': {
    paths: ['etc/one', 'etc/new'],
    change(tree) {
      tree.remove('etc/one');
      tree.put('etc/new', directory());
      tree.put('etc/new/below', symlink('a'));
    },
    inPart: true,
  },
  'a moved file': {
    paths: ['etc/one', 'etc/moved'],
    change(tree) {
      tree.put('etc/moved', lookedUp(tree, 'etc/one'));
      tree.put('etc/one', symlink('moved'));
    },
    inPart: true,
  },
  'a directory that is replaced, and is another one then': {
    paths: ['etc/old'],
    change(tree) {
      tree.put('etc/old', symlink('nowhere'));
      tree.remove('etc/old');
      tree.put('etc/old', directory({ mode: 0o700 }));
    },
    inPart: true,
  },
  'another mode of a directory': {
    paths: ['etc/old'],
    change: (tree) => tree.put('etc/old', directory({ mode: 0o700 })),
    inPart: true,
  },
  'a second name for a file': {
    paths: ['etc/one', 'etc/other'],
    change: (tree) => tree.put('etc/other', lookedUp(tree, 'etc/one')),
    inPart: false,
  },
  'a moved name of a hard link': {
    paths: ['linked', 'etc/other'],
    change(tree) {
      tree.put('etc/other', lookedUp(tree, 'linked'));
      tree.remove('linked');
    },
    inPart: false,
  },
};

describe('a stored image that is changed', () => {
  it.each(Object.entries(changes))(
    'is what the whole tree gives, with %s',
    async (_, { paths, change, inPart }) => {
      using imageStore = createImageStore(createMemoryObjectStore(), null);
      const common = { config: sampleConfig, diskBytes: 64 * mib, provenance: { kind: 'test' } };
      const before = imageStore.createWriter();
      await bank.bring(before, Object.values(sample()));
      const input = { ...common, tree: treeOf(sample()), writer: before };
      const base = await openImage(imageStore, (await writeImage(imageStore, input)).digest);
      let rounds = 0;
      const writer = imageStore.createWriter();
      const digest = await changeImage(imageStore, base, {
        writer,
        async work({ tree, load }) {
          rounds += 1;
          await load(paths);
          change(tree);
          return common.provenance;
        },
      });
      expect(rounds).toBe(inPart ? 1 : 2);
      const { tree } = await loadTree(imageStore, base);
      change(tree);
      const whole = imageStore.createWriter();
      whole.know(await base.locations());
      const written = await writeImage(imageStore, { ...common, tree, writer: whole });
      expect(digest).toBe(written.digest);
    },
  );

  it('is not looked at where it was not read', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const writer = imageStore.createWriter();
    await bank.bring(writer, Object.values(sample()));
    const common = { config: sampleConfig, diskBytes: 64 * mib, provenance: { kind: 'test' } };
    const input = { ...common, tree: treeOf(sample()), writer };
    const base = await openImage(imageStore, (await writeImage(imageStore, input)).digest);
    const work = ({ tree }: ChangingFiles) => {
      tree.lookup('etc/one');
      return Promise.resolve(common.provenance);
    };
    await expect(changeImage(imageStore, base, { writer, work })).rejects.toMatchObject({
      code: 'internal',
    });
  });
});
