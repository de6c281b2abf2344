import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { maxPlainBytes } from '../../src/chunks/pack-format.ts';
import { collectInodes } from '../../src/layout/collect-inodes.ts';
import { groupEntries } from '../../src/layout/group-entries.ts';
import { groupLimits, maxFileChunks, maxGroupChunks } from '../../src/layout/layout-parameters.ts';
import { ownChunksOf } from '../../src/layout/planned-inode.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes, type FileInode, type Inode } from '../../src/tree/inode.ts';
import { orderTree } from '../../src/tree/tree-order.ts';
import { encodeTreePage } from '../../src/tree/tree-page.ts';
import { scratchDir } from '../support/scratch.ts';
import { phantomContent } from './support/content-bank.ts';
import { debugfs, e2fsckComplaints } from './support/judges.ts';
import { device, directory, file, symlink, treeOf } from './support/make-tree.ts';
import { mib, writeDisk } from './support/write-disk.ts';

const scratch = scratchDir('limits');
const disk = join(scratch, 'disk.raw');

const dense = (chunks: number): FileInode =>
  file({ sizeBytes: chunks * chunkBytes, content: phantomContent([{ start: 0, chunks }]) });

describe('what an image cannot hold', () => {
  it.for<[string, string, Inode]>([
    ['a name of 256 bytes', 'n'.repeat(256), file()],
    ['a file of 16 TiB', 'huge', file({ sizeBytes: 2 ** 44 })],
    ['a file with more chunks than a page lists', 'dense', dense(maxFileChunks + 1)],
    ['a link target of 4096 bytes', 'link', symlink('t'.repeat(4096))],
    ['a link target of no bytes', 'link', symlink('')],
    ['a major number of 13 bits', 'dev', device('char', { major: 4096, minor: 0 })],
    ['a minor number of 21 bits', 'dev', device('block', { major: 8, minor: 1_048_576 })],
  ])('%s is refused, and the file is named', ([, name, inode]) => {
    const tree = treeOf({ srv: directory(), [`srv/${name}`]: inode });
    expect(() => collectInodes(orderTree(tree))).toThrow(
      expect.objectContaining({
        code: 'image_too_large',
        message: expect.stringContaining(`/srv/${name}`) as string,
        data: expect.objectContaining({ path: `srv/${name}` }) as object,
      }),
    );
  });

  it.for<[string, Inode]>([
    ['a mode of 13 bits', file({ mode: 0o10000 })],
    ['an owner of 33 bits', file({ uid: 2 ** 32 })],
    ['chunks behind the end', file({ ...dense(3), sizeBytes: 2 * chunkBytes })],
  ])('%s is a fault, as no tree could be read with it', ([, inode]) => {
    expect(() => collectInodes(orderTree(treeOf({ name: inode })))).toThrow(
      expect.objectContaining({
        code: 'internal',
        message: expect.stringMatching(/^\/name has an? /) as string,
      }),
    );
  });

  it('65,001 hard links are refused, and the file is named', () => {
    const linked = file();
    const tree = treeOf({ srv: directory() });
    for (let index = 0; index < 65_001; index += 1)
      tree.put(`srv/${String(index).padStart(5, '0')}`, linked);
    expect(() => collectInodes(orderTree(tree))).toThrow(
      expect.objectContaining({
        code: 'image_too_large',
        message: expect.stringContaining('/srv/00000') as string,
      }),
    );
  });

  it('an inode of two directories is a fault, not a disk that is broken', () => {
    const shared = directory();
    const entries = ['', 'a', 'b'].map((path) => ({
      path,
      inode: path === '' ? directory() : shared,
      firstPath: path,
      directory: '',
      name: path,
    }));
    expect(() => collectInodes(entries)).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});

describe('directories that no archive mentions', () => {
  it('may all be put as one object', async () => {
    const missing = directory();
    const tree = treeOf({ a: missing, 'a/x': file(), b: missing, 'b/c': missing, 'b/c/y': file() });
    await writeDisk(disk, tree, { diskBytes: 16 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const [below = ''] = await debugfs(disk, ['ls -p /b/c']);
    expect(below).toContain('/y/');
    expect(below).not.toContain('/x/');
  });
});

describe('lost+found', () => {
  it.for<[string, () => FileTree]>([
    ['is made where the tree has none', () => treeOf({})],
    [
      'is that of the tree',
      () => treeOf({ 'lost+found': directory({ mode: 0o711 }), 'lost+found/x': file() }),
    ],
    ['may be a file', () => treeOf({ 'lost+found': file() })],
    ['may be a link', () => treeOf({ 'lost+found': symlink('nowhere') })],
    [
      'may be elsewhere too',
      () => treeOf({ d: directory(), 'd/lost+found': directory({ mode: 0o755 }) }),
    ],
  ])('%s', async ([, makeTree]) => {
    const tree = makeTree();
    await writeDisk(disk, tree, { diskBytes: 16 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
    const given = tree.lookup('lost+found')?.inode;
    const [answer = ''] = await debugfs(disk, ['stat /lost+found']);
    const mode = (given?.mode ?? 0o700).toString(8).padStart(4, '0');
    expect(answer).toContain(`Mode:  ${mode}`);
    const type = given?.type === 'file' ? 'regular' : (given?.type ?? 'directory');
    expect(answer).toContain(`Type: ${type}`);
  });
});

describe('groups of entries', () => {
  it('keep their order and their bounds', () => {
    const linked = file();
    const tree = treeOf({ d: directory(), links: directory() });
    for (let index = 0; index < 3000; index += 1) tree.put(`d/${index}`, file());
    for (let index = 0; index < 3000; index += 1) tree.put(`links/${index}`, linked);
    const groups = groupEntries(orderTree(tree));
    expect(groups.flatMap(({ entries }) => entries)).toEqual(orderTree(tree));
    expect(groups.map(({ key, entries }) => key === entries[0]?.path)).not.toContain(false);
    const names = groups.map(({ entries }) => entries.length);
    expect(Math.max(...names)).toBeLessThanOrEqual(groupLimits.maxWeight);
    const inodes = groups.map(({ entries }) => new Set(entries.map(({ inode }) => inode)).size);
    expect(Math.max(...inodes)).toBeLessThanOrEqual(groupLimits.maxWeight / 2 + 2);
  });

  it('list few enough chunks for a page that a pack takes', () => {
    const tree = treeOf({
      huge: dense(maxFileChunks),
      small: file(),
      ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`m${index}`, dense(9000)])),
    });
    const groups = groupEntries(orderTree(tree)).map(({ entries }) => ({
      entries: entries.length,
      chunks: entries.reduce((sum, { inode }) => sum + ownChunksOf(inode), 0),
      pageBytes: encodeTreePage({ entries, bins: [], places: new Map() }).length,
    }));
    expect(Math.max(...groups.map(({ pageBytes }) => pageBytes))).toBeLessThanOrEqual(
      maxPlainBytes,
    );
    const shared = groups.filter(({ entries }) => entries > 1);
    expect(Math.max(...shared.map(({ chunks }) => chunks))).toBeLessThanOrEqual(maxGroupChunks);
    expect(groups.some(({ chunks }) => chunks === maxFileChunks)).toBe(true);
  });
});
