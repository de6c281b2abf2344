import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/collect/check-store.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { exportDisk } from '../../../src/image/disk/export-disk.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { patchImage } from '../../../src/image/patch/patch-image.ts';
import { writeImage } from '../../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { createFileTree, type FileTree } from '../../../src/tree/file-tree.ts';
import type { Inode } from '../../../src/tree/inode.ts';
import { orderTree } from '../../../src/tree/tree-order.ts';
import { e2fsckComplaints } from '../../layout/support/judges.ts';
import { largeTree, randomOf } from '../../layout/support/large-tree.ts';
import { directory, fileOf, symlink } from '../../layout/support/make-tree.ts';
import { mib } from '../../layout/support/write-disk.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { hookStore, keysOf } from '../../support/hooked-store.ts';
import { scratchDir } from '../../support/scratch.ts';
import { sampleConfig } from '../support/sample-image.ts';
import { createImageBank, type ImageBank } from './image-bank.ts';
import { doEdits, editAtRandom, type Edits } from './random-edits.ts';

const scratch = scratchDir('reshape');
const diskBytes = 512 * mib;
const provenance = { kind: 'patch test' };
const config = sampleConfig;

async function write(imageStore: ImageStore, tree: FileTree, bank: ImageBank): Promise<Digest> {
  const writer = imageStore.createWriter();
  const inodes = orderTree(tree).map(({ inode }) => inode);
  await bank.bring(writer, inodes);
  return (await writeImage(imageStore, { tree, config, diskBytes, provenance, writer })).digest;
}

async function patch(
  imageStore: ImageStore,
  base: Digest,
  { puts, removals, bank }: Edits & { readonly bank: ImageBank },
): Promise<Digest | null> {
  const writer = imageStore.createWriter();
  await bank.bring(writer, puts.values());
  const image = await openImage(imageStore, base);
  return patchImage(imageStore, image, { puts, removals, config, provenance, writer });
}

function treeOf(inodes: ReadonlyMap<string, Inode>): FileTree {
  const tree = createFileTree(directory());
  for (const [path, inode] of inodes) tree.put(path, inode);
  return tree;
}

function putting(puts: Readonly<Record<string, Inode>>): Edits {
  return { puts: new Map(Object.entries(puts)), removals: new Set() };
}

function removing(...paths: string[]): Edits {
  return { puts: new Map(), removals: new Set(paths) };
}

describe('an image in which names come, go and grow', () => {
  it.each([
    ['few', 'few', { rounds: 15, most: 3, files: 4000 }],
    ['many', 'many', { rounds: 8, most: 20, files: 3000 }],
    ['all', 'all', { rounds: 12, most: 6, files: 250 }],
  ])(
    'has the digest and the outline that the layout of the whole tree gives: %s at a time',
    async (_, seed, { rounds, most, files }) => {
      const bank = createImageBank();
      using imageStore = createImageStore(createMemoryObjectStore(), null);
      using oracle = createImageStore(createMemoryObjectStore(), null);
      const tree = treeOf(largeTree(bank, { files, name: seed }));
      const random = randomOf(seed);
      let digest = await write(imageStore, tree, bank);
      let refused = 0;
      for (let round = 0; round < rounds; round += 1) {
        const edits = editAtRandom(tree, { bank, random, most, round });
        const expected = await write(oracle, tree, bank);
        const patched = await patch(imageStore, digest, { ...edits, bank });
        if (patched === null) refused += 1;
        else expect(patched).toBe(expected);
        digest = patched ?? (await write(imageStore, tree, bank));
        const outlines = [imageStore, oracle].map(({ objects }) =>
          objects.get(imageKey(expected, 'outline')),
        );
        const [own, whole] = await Promise.all(outlines);
        expect(own).toEqual(whole);
      }
      // Hard links of which one name alone changes are left to the whole layout.
      expect(refused).toBeLessThanOrEqual(rounds / 4);
      expect(await checkStore(imageStore, null)).toMatchObject({ damages: [] });
      const disk = join(scratch, `${seed}.raw`);
      await exportDisk(await openImage(imageStore, digest), disk);
      expect(await e2fsckComplaints(disk)).toBe('');
    },
    60_000,
  );
});

describe('a patch of a tree of many groups', () => {
  const bank = createImageBank();
  const objects = createMemoryObjectStore();
  let imageStore: ImageStore;
  let base: Digest;
  const sample = (): FileTree => {
    const inodes = largeTree(bank, { files: 2500, name: 'groups' });
    const linked = fileOf(pattern(9000, 4), bank);
    inodes.set('etc', directory());
    for (let index = 0; index < 400; index += 1)
      inodes.set(`etc/a file of a crowd ${index}`, fileOf(pattern(index, 5), bank));
    for (const path of ['etc/linked', 'linked', 'linked too']) inodes.set(path, linked);
    inodes.set('large', fileOf(pattern(5 * mib, 3), bank));
    return treeOf(inodes);
  };
  beforeAll(async () => {
    imageStore = createImageStore(objects, null);
    base = await write(imageStore, sample(), bank);
  });
  afterAll(() => imageStore[Symbol.dispose]());

  async function expectWhole(edits: Edits, from = base, tree = sample()): Promise<Digest> {
    const patched = await patch(imageStore, from, { ...edits, bank });
    doEdits(tree, edits);
    using oracle = createImageStore(createMemoryObjectStore(), null);
    expect(patched).toBe(await write(oracle, tree, bank));
    return patched ?? from;
  }

  it.each<[string, () => Edits]>([
    ['a first name in the root', () => putting({ '\x01': fileOf(pattern(10), bank) })],
    ['a last name', () => putting({ '\xff': directory(), '\xff/\xff': symlink('a') })],
    ['a crowded directory with more blocks', () => many(200)],
    ['a crowded directory with one', () => removing(...crowd(390))],
    ['a large file', () => putting({ more: fileOf(pattern(6 * mib, 9), bank) })],
    ['a large file that goes', () => removing('large')],
    ['a large file that is small now', () => putting({ large: fileOf(pattern(60), bank) })],
    ['all names of a hard link', () => removing('etc/linked', 'linked', 'linked too')],
    [
      'a file for a directory',
      () => ({ ...putting({ etc: fileOf(pattern(9), bank) }), ...emptied() }),
    ],
    ['a directory for a file', () => putting({ large: directory(), 'large/in it': symlink('b') })],
    ['a directory made empty', () => ({ ...putting({ etc: directory() }), ...emptied() })],
    ['what is not there', () => removing('no such file', 'etc/nor this/one')],
  ])('gives what the whole layout gives for %s', async (_, edits) => {
    await expectWhole(edits());
  });

  function many(count: number): Edits {
    const puts = crowd(count).map((path) => [`${path} more`, symlink('target')]);
    return putting(Object.fromEntries(puts));
  }
  function crowd(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `etc/a file of a crowd ${index}`);
  }
  function emptied(): Pick<Edits, 'removals'> {
    return { removals: new Set(['etc', 'linked', 'linked too']) };
  }

  it('that is undone gives the image that there was', async () => {
    const tree = sample();
    const added = putting({
      'etc/new': fileOf(pattern(30_000, 8), bank),
      opt: directory(),
      'opt/new': directory(),
      'opt/new/file': fileOf(pattern(100, 8), bank),
    });
    const patched = await expectWhole(added, base, tree);
    expect(await patch(imageStore, patched, { ...removing('etc/new', 'opt'), bank })).toBe(base);
  });

  it('reads and writes a few dozen objects, whatever the number of files', async () => {
    const reads = { pages: 0, bytes: 0 };
    const counting = hookStore(objects, {
      after(call, key) {
        if (call === 'getRange' && key.startsWith('packs/')) reads.pages += 1;
      },
    });
    using counted = createImageStore(counting, null);
    const edits = putting({ 'etc/one more': fileOf(pattern(500, 3), bank) });
    const writer = counted.createWriter();
    const image = await openImage(counted, base);
    const asked = { ...edits, config, provenance, writer };
    expect(await patchImage(counted, image, asked)).not.toBe(null);
    expect(reads.pages).toBeLessThan(60);
    expect(writer.stats.newStoredBytes).toBeLessThan(200_000);
  });

  it.each<[string, Edits]>([
    ['one name of several', removing('linked')],
    ['a first name of several', removing('etc/linked')],
    ['lost+found', putting({ 'lost+found': directory() })],
    ['a name in what is no directory', putting({ 'large/below': symlink('c') })],
    ['the root', putting({ '': directory({ mode: 0o700 }) })],
  ])('is left to the whole layout where it changes %s', async (_, edits) => {
    expect(await patch(imageStore, base, { ...edits, bank })).toBe(null);
  });

  it.each<[string, (outline: Buffer) => Buffer | null]>([
    ['none', () => null],
    ['a damaged one', (outline) => damaged(outline)],
    ['one cut short', (outline) => outline.subarray(0, outline.length / 2)],
    ['an empty one', () => Buffer.alloc(0)],
  ])('is left to the whole layout where the outline is %s', async (_, change) => {
    const key = imageKey(base, 'outline');
    const outline = await objects.get(key);
    const images = await keysOf(objects, 'images/');
    const changed = change(Buffer.from(outline));
    try {
      if (changed === null) await objects.delete(key);
      else await objects.replace(key, changed);
      const edits = putting({ 'etc/another': symlink('d') });
      expect(await patch(imageStore, base, { ...edits, bank })).toBe(null);
    } finally {
      await objects.replace(key, outline);
    }
    expect(await keysOf(objects, 'images/')).toEqual(images);
  });
});

function damaged(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
  return bytes;
}
