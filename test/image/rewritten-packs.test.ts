import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openChunkIndex } from '../../src/chunks/chunk-index.ts';
import { createChunkWriter } from '../../src/chunks/chunk-writer.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { exportDisk } from '../../src/image/disk/export-disk.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { type OpenImage, openImage } from '../../src/image/open-image.ts';
import { createFileReader } from '../../src/image/read-file.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import { imageKey, packKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { collect, failureOf } from '../support/failures.ts';
import { scratchDir } from '../support/scratch.ts';
import { writeSample } from './support/sample-image.ts';

const scratch = scratchDir('rewritten');
const files = {
  'etc/small': Buffer.from('small'),
  'lib/large': pattern(5_000_000, 1),
  'lib/medium': pattern(100_000, 2),
};

async function readFile(image: OpenImage, path: string): Promise<Buffer> {
  const { inode } = await (await image.tree()).lookupFollowing(path);
  if (inode.type !== 'file') throw new Error(`${path} is no file`);
  return Buffer.concat(await collect(createFileReader(image).read(inode)));
}

/** An image, and the act of storing it again in other packs, with those of before gone. */
async function fixture() {
  const store = meterObjectStore(createMemoryObjectStore());
  const imageStore = createImageStore(store, null);
  const { digest } = await writeSample(imageStore, files);
  const { packs } = (await openImage(imageStore, digest)).placement;
  return {
    store,
    digest,
    open: () => openImage(imageStore, digest),
    async rewrite(): Promise<void> {
      const { shelf } = imageStore;
      const index = openChunkIndex(':memory:');
      const writer = createChunkWriter({ store, index, shelf, packBytes: 300_000 });
      using writing = createImageStore(store, null);
      expect((await writeSample(writing, files, { writer })).digest).toBe(digest);
      for (const pack of packs) await store.delete(packKey(pack));
    },
  };
}

/** What somebody did with the image before its packs were rewritten. */
const pasts: readonly (readonly [string, (image: OpenImage) => Promise<unknown>])[] = [
  ['nothing but its root', async () => {}],
  ['its tree', (image) => collect(image.treePages())],
  ['a file', (image) => readFile(image, 'lib/medium')],
  ['the places of its chunks', async (image) => image.locations()],
];

describe('an image whose packs were rewritten, and deleted, since it was opened', () => {
  it.each(pasts)('gives its files to who had read %s', async (_, past) => {
    const { open, rewrite } = await fixture();
    const image = await open();
    await past(image);
    await rewrite();
    for (const [path, bytes] of Object.entries(files))
      expect((await readFile(image, path)).equals(bytes), path).toBe(true);
  });

  it.each(pasts)('is exported whole by who had read %s', async (name, past) => {
    const { open, rewrite } = await fixture();
    const image = await open();
    await past(image);
    await rewrite();
    const disks: Buffer[] = [];
    for (const source of [image, await open()]) {
      const path = join(scratch, `${name} ${disks.length}.raw`);
      await exportDisk(source, path);
      disks.push(readFileSync(path));
    }
    const [stale, fresh] = disks;
    expect(fresh !== undefined && stale?.equals(fresh)).toBe(true);
  });

  it('has the places of now for who asks after a read', async () => {
    const { open, rewrite, store } = await fixture();
    const image = await open();
    const { inode } = await (await image.tree()).lookupFollowing('lib/medium');
    if (inode.type !== 'file' || inode.content.kind !== 'chunked') throw new Error('not chunked');
    const chunk = inode.content.runs[0]?.digests[0] ?? ('' as Digest);
    const before = await image.locate(chunk);
    await rewrite();
    await readFile(image, 'lib/medium');
    const after = await image.locate(chunk);
    expect(after.pack).not.toBe(before.pack);
    expect(await store.head(packKey(after.pack))).not.toBeNull();
  });

  it('is looked up anew once, and not for each chunk', async () => {
    const { open, rewrite, store, digest } = await fixture();
    const image = await open();
    await readFile(image, 'lib/large');
    await rewrite();
    const before = store.counts().get.calls;
    await readFile(image, 'lib/large');
    await Promise.all([...Array(20).keys()].map(() => readFile(image, 'lib/medium')));
    expect(store.counts().get.calls - before).toBeLessThanOrEqual(2);
    expect(await store.head(imageKey(digest, 'placement'))).not.toBeNull();
  });

  it('is image_not_found when it was removed as well', async () => {
    const { open, rewrite, store, digest } = await fixture();
    const image = await open();
    await readFile(image, 'lib/medium');
    await rewrite();
    for (const part of ['root', 'placement', 'provenance'] as const)
      await store.delete(imageKey(digest, part));
    expect((await failureOf(readFile(image, 'lib/medium'))).code).toBe('image_not_found');
  });
});
