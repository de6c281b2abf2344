import { describe, expect, it } from 'vitest';
import { checkStore } from '../../src/collect/check-store.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { type OpenImage, openImage } from '../../src/image/open-image.ts';
import { replacePlacement } from '../../src/image/replace-placement.ts';
import { writeImage } from '../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import { createFileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes } from '../../src/tree/inode.ts';
import { sampleConfig } from './support/sample-image.ts';

const common = { mode: 0o755, uid: 0, gid: 0, mtime: { sec: 0, nsec: 0 }, xattrs: [] };
const chunks = 270_000;

/** Two files of 16 GiB that are one chunk again and again: a placement of more than 4 MiB. */
async function largeImage() {
  const store = meterObjectStore(createMemoryObjectStore());
  const imageStore = createImageStore(store, null);
  const writer = imageStore.createWriter();
  const chunk = Buffer.alloc(chunkBytes, 'x');
  const digest = digestOf(chunk);
  await writer.add(digest, chunk);
  const tree = createFileTree({ type: 'directory', ...common });
  const digests = Array.from({ length: chunks }, () => digest);
  for (const name of ['large', 'as-large'])
    tree.put(name, {
      type: 'file',
      sizeBytes: chunks * chunkBytes,
      content: { kind: 'chunked', runs: [{ start: 0, digests }] },
      ...common,
    });
  const diskBytes = 40 * 1024 ** 3;
  const input = { tree, config: sampleConfig, diskBytes, provenance: {}, writer };
  const { digest: image } = await writeImage(imageStore, input);
  return { store, imageStore, chunk, digest, image };
}

/** The index of the n-th chunk that is not zeros. */
async function indexOf(image: OpenImage, page: number): Promise<number> {
  const [first] = await image.chunksOfPage(image.root.pages[page]?.[0] ?? -1);
  if (first === undefined) throw new Error('an empty page');
  return first.index;
}

describe('an image with a placement too large to be read at once', () => {
  it('is read page by page', async () => {
    const { store, imageStore, chunk, digest, image } = await largeImage();
    expect((await store.head(imageKey(image, 'placement')))?.sizeBytes).toBeGreaterThan(
      4 * 1024 ** 2,
    );
    const before = store.counts().getRange.bytes;
    const open = await openImage(imageStore, image);
    const bytes = await open.readChunk(await indexOf(open, 200));
    expect(bytes?.equals(chunk)).toBe(true);
    expect(store.counts().getRange.bytes - before).toBeLessThan(200_000);
    expect((await open.locations()).has(digest)).toBe(true);
    expect((await checkStore(imageStore, null)).damages).toEqual([]);
  });

  it('goes on when the placement is replaced, and never mixes two', async () => {
    const { store, imageStore, chunk, digest, image } = await largeImage();
    const [read, listed] = [await openImage(imageStore, image), await openImage(imageStore, image)];
    // Everything moves to a copy of the pack under another name, which is then the only one.
    const [pack] = read.placement.packs;
    if (pack === undefined) throw new Error('no pack');
    const moved = digestOf(Buffer.from('another name'));
    const keyOf = (name: Digest): string => `packs/${name.slice(7, 9)}/${name.slice(7)}.pack`;
    await store.put(keyOf(moved), await store.get(keyOf(pack)));
    await replacePlacement(imageStore, read, (_, location) => ({ ...location, pack: moved }));
    await store.delete(keyOf(pack));
    const fresh = await openImage(imageStore, image);
    expect(fresh.placement.packs).toEqual([moved]);
    const bytes = await read.readChunk(await indexOf(fresh, 150));
    expect(bytes?.equals(chunk)).toBe(true);
    expect((await fresh.locate(digest)).pack).toBe(moved);
    await expect(listed.locations()).rejects.toMatchObject({ data: { image } });
  });
});
