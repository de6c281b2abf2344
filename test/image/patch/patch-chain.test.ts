import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/collect/check-store.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { exportDisk } from '../../../src/image/disk/export-disk.ts';
import { digestWithConfig } from '../../../src/image/derive-image.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { patchImage } from '../../../src/image/patch/patch-image.ts';
import { writeImage } from '../../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { createFileTree, type FileTree } from '../../../src/tree/file-tree.ts';
import type { Inode } from '../../../src/tree/inode.ts';
import { e2fsckComplaints } from '../../layout/support/judges.ts';
import { largeTree, randomOf } from '../../layout/support/large-tree.ts';
import { device, directory, fileOf, symlink } from '../../layout/support/make-tree.ts';
import { mib } from '../../layout/support/write-disk.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { keysOf } from '../../support/hooked-store.ts';
import { scratchDir } from '../../support/scratch.ts';
import { sampleConfig } from '../support/sample-image.ts';
import { createImageBank, type ImageBank } from './image-bank.ts';

const scratch = scratchDir('patch-chain');
const diskBytes = 512 * mib;
const provenance = { kind: 'patch test' };
const config = sampleConfig;

/** A tree of many groups, with what is stored in every way. */
function sampleTree(bank: ImageBank): Map<string, Inode> {
  const inodes = largeTree(bank, { files: 4000 });
  inodes.set('large', fileOf(pattern(5 * mib, 3), bank));
  const linked = fileOf(pattern(9000, 4), bank);
  inodes.set('linked', linked);
  inodes.set('linked too', linked);
  inodes.set('short', symlink('target'));
  inodes.set('long', symlink('t'.repeat(500)));
  inodes.set('device', device('char', { major: 1, minor: 3 }));
  inodes.set('crowded', directory({ xattrs: [{ name: 'user.a', value: pattern(800) }] }));
  for (let index = 0; index < 600; index += 1)
    inodes.set(`crowded/a file of a crowd ${index}`, fileOf(pattern(index, 5), bank));
  return inodes;
}

async function write(
  imageStore: ImageStore,
  inodes: ReadonlyMap<string, Inode>,
  bank: ImageBank,
): Promise<Digest> {
  const writer = imageStore.createWriter();
  await bank.bring(writer, inodes.values());
  const tree: FileTree = createFileTree(directory());
  for (const [path, inode] of inodes) tree.put(path, inode);
  return (await writeImage(imageStore, { tree, config, diskBytes, provenance, writer })).digest;
}

async function patch(
  imageStore: ImageStore,
  base: Digest,
  { puts, bank }: { readonly puts: ReadonlyMap<string, Inode>; readonly bank: ImageBank },
): Promise<Digest | null> {
  const writer = imageStore.createWriter();
  await bank.bring(writer, puts.values());
  const image = await openImage(imageStore, base);
  return patchImage(imageStore, image, { puts, config, provenance, writer });
}

/** What one round of twenty changes. */
function putsOfRound(round: number, inodes: ReadonlyMap<string, Inode>, bank: ImageBank) {
  const random = randomOf(`round ${round}`);
  const puts = new Map<string, Inode>();
  const paths = [...inodes.keys()];
  for (let count = 0; count < 5; count += 1) {
    const path = paths[Math.floor(random() * paths.length)] ?? '';
    const inode = inodes.get(path);
    if (inode !== undefined && !path.startsWith('linked'))
      puts.set(path, { ...inode, mtime: { sec: 1_650_000_000 + round, nsec: count } });
  }
  const linked = fileOf(pattern(9000 + round, round + 10), bank);
  puts.set('linked', linked).set('linked too', linked);
  const large = pattern(5 * mib, 3);
  pattern(10, round + 1).copy(large, round * 200_000);
  puts.set('large', fileOf(large, bank));
  puts.set('short', symlink(`target ${round}`));
  puts.set('long', symlink(String(round).repeat(300)));
  puts.set('device', device('char', { major: 1, minor: round }));
  puts.set('crowded', directory({ xattrs: [{ name: 'user.a', value: pattern(900, round) }] }));
  puts.set('crowded/a file of a crowd 77', fileOf(pattern(60 + round, round), bank));
  return puts;
}

describe('a chain of patched images', () => {
  it('ends with the image of the whole tree, which e2fsck and a check of the store find nothing wrong with', async () => {
    const bank = createImageBank();
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const inodes = sampleTree(bank);
    let digest = await write(imageStore, inodes, bank);
    for (let round = 1; round <= 20; round += 1) {
      const puts = putsOfRound(round, inodes, bank);
      const before = (await keysOf(imageStore.objects, 'packs/')).length;
      const patched = await patch(imageStore, digest, { puts, bank });
      expect(patched).not.toBe(null);
      expect((await keysOf(imageStore.objects, 'packs/')).length - before).toBe(1);
      digest = patched ?? digest;
      for (const [path, inode] of puts) inodes.set(path, inode);
    }
    using oracle = createImageStore(createMemoryObjectStore(), null);
    expect(digest).toBe(await write(oracle, inodes, bank));
    const disk = join(scratch, 'disk.raw');
    await exportDisk(await openImage(imageStore, digest), disk);
    expect(await e2fsckComplaints(disk)).toBe('');
    expect(await checkStore(imageStore, null)).toMatchObject({ damages: [] });
  }, 60_000);
});

describe('a patch', () => {
  const paths = Array.from({ length: 1200 }, (_, index) => `file ${index}`);
  const filesOf = (seed: number, bank: ImageBank): Map<string, Inode> =>
    new Map(paths.map((path, index) => [path, fileOf(pattern(16_000, seed + index), bank)]));

  it('is not made, and nothing is published, where the base is damaged or gone', async () => {
    const bank = createImageBank();
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const { objects } = imageStore;
    const inodes = new Map<string, Inode>([['a', fileOf(pattern(100, 1), bank)]]);
    const puts = new Map<string, Inode>([['a', fileOf(pattern(100, 2), bank)]]);
    const base = await write(imageStore, inodes, bank);
    const images = await keysOf(objects, 'images/');
    for (const key of await keysOf(objects, 'packs/')) {
      const bytes = await objects.get(key);
      for (let at = 0; at < bytes.length; at += 50) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await objects.replace(key, bytes);
    }
    expect(await patch(imageStore, base, { puts, bank })).toBe(null);
    for (const key of await keysOf(objects, 'packs/')) await objects.delete(key);
    expect(await patch(imageStore, base, { puts, bank })).toBe(null);
    expect(await keysOf(objects, 'images/')).toEqual(images);
  });

  it('is not made where so much changes that it would take much memory', async () => {
    const bank = createImageBank();
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const base = await write(imageStore, filesOf(1, bank), bank);
    const many = Array.from(
      { length: 5001 },
      (_, index) => [`new ${index}`, symlink('to')] as const,
    );
    expect(await patch(imageStore, base, { puts: new Map(many), bank })).toBe(null);
    const some = new Map([...filesOf(5000, bank)].slice(0, 300));
    expect(await patch(imageStore, base, { puts: some, bank })).not.toBe(null);
  });

  it('of what no image can hold fails as the whole layout does', async () => {
    const bank = createImageBank();
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const base = await write(imageStore, new Map([['link', symlink('target')]]), bank);
    const puts = new Map([['link', symlink('t'.repeat(5000))]]);
    await expect(patch(imageStore, base, { puts, bank })).rejects.toMatchObject({
      code: 'image_too_large',
    });
  });

  it('of nothing gives the files another config', async () => {
    const bank = createImageBank();
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const base = await openImage(imageStore, await write(imageStore, new Map(), bank));
    const other = { ...config, config: { Cmd: ['other'] } };
    const writer = imageStore.createWriter();
    const asked = { puts: new Map<string, Inode>(), config: other, provenance, writer };
    const digest = await patchImage(imageStore, base, asked);
    expect(digest).toBe(digestWithConfig(base.root, other));
    expect((await openImage(imageStore, digest ?? base.digest)).root.config).toEqual(other);
  });
});
