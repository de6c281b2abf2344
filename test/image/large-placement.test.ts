import { describe, expect, it } from 'vitest';
import { collectGarbage, defaultCollectTimes } from '../../src/collect/collect-garbage.ts';
import { readStoreStats } from '../../src/collect/store-stats.ts';
import { checkStore } from '../../src/collect/check-store.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { once } from '../../src/flow/remember.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { type OpenImage, openImage } from '../../src/image/open-image.ts';
import { replacePlacement } from '../../src/image/replace-placement.ts';
import { writeImage } from '../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { imageKey, packKey } from '../../src/store/store-paths.ts';
import { pageChunks } from '../../src/image/manifest-page.ts';
import { createFileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes } from '../../src/tree/inode.ts';
import { collect, failureOf } from '../support/failures.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { sampleConfig } from './support/sample-image.ts';

const common = { mode: 0o755, uid: 0, gid: 0, mtime: { sec: 0, nsec: 0 }, xattrs: [] };
const chunks = 270_000;

/** Two files of 16 GiB that are one chunk again and again: a placement of more than 4 MiB. */
const template = once(async () => {
  const store = createMemoryObjectStore();
  using imageStore = createImageStore(store, null);
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
  return { store, chunk, digest, image };
});

/** A store of its own with this image. */
async function largeImage() {
  const { store: original, ...facts } = await template();
  const store = meterObjectStore(createMemoryObjectStore());
  for (const key of await keysOf(original, '')) await store.put(key, await original.get(key));
  return { store, imageStore: createImageStore(store, null), ...facts };
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
    await store.put(packKey(moved), await store.get(packKey(pack)));
    await replacePlacement(imageStore, read, (_, location) => ({ ...location, pack: moved }));
    await store.delete(packKey(pack));
    const fresh = await openImage(imageStore, image);
    expect(fresh.placement.packs).toEqual([moved]);
    const bytes = await read.readChunk(await indexOf(fresh, 150));
    expect(bytes?.equals(chunk)).toBe(true);
    expect((await fresh.locate(digest)).pack).toBe(moved);
    const packs = new Set([...(await listed.locations()).values()].map(({ pack: at }) => at));
    expect([...packs]).toEqual([moved]);
  });

  it('is opened anew when the placement is replaced between two of its reads', async () => {
    const { store, image, digest, chunk } = await largeImage();
    const { racing, race, moved } = await replacingStore(store, image);
    using imageStore = createImageStore(racing, null);
    // Replaced while it is opened, and then in the middle of each way of reading its pages.
    const raced = race(2);
    const fresh = await openImage(imageStore, image);
    expect(raced()).toBe(2);
    const index = await indexOf(fresh, 150);
    const ways: ((opened: OpenImage) => Promise<unknown>)[] = [
      async (opened) => expect((await opened.readChunk(index))?.equals(chunk)).toBe(true),
      async (opened) =>
        expect(await opened.chunksOfPage(Math.floor(index / pageChunks))).not.toHaveLength(0),
      async (opened) => expect((await collect(opened.chunks())).length).toBeGreaterThan(2 * chunks),
      async (opened) => {
        const places = [...(await opened.locations()).values()];
        expect(new Set(places.map(({ pack }) => pack)).size).toBe(1);
      },
      async (opened) => expect(moved).toContain((await opened.locate(digest)).pack),
      async () => expect((await checkStore(imageStore, [image])).damages).toEqual([]),
      async () => expect((await readStoreStats(imageStore)).damagedImages).toBe(0),
      () => collectGarbage(imageStore, { ...defaultCollectTimes, mode: 'report', nowMs: 0 }),
    ];
    for (const read of ways) {
      const opened = await openImage(imageStore, image);
      const racedAgain = race(2);
      await read(opened);
      expect(racedAgain()).toBe(2);
    }
  });

  it('tells that it is replaced again and again, and does not go on for ever', async () => {
    const { store, image } = await largeImage();
    const { racing, race } = await replacingStore(store, image);
    using imageStore = createImageStore(racing, null);
    const opened = await openImage(imageStore, image);
    race(1000);
    const failure = await failureOf(opened.locations());
    expect(failure.code).toBe('manifest_corrupt');
    expect(failure.message).toContain('was replaced while it was read');
    expect(failure.hint).toContain('Try again');
  });
});

/**
 * A store in which the placement of an image is replaced right behind a ranged read of it, the next so many times that
 * `race` is called with; what it returns tells how often it was. `moved` are the packs that placements name.
 */
async function replacingStore(store: ObjectStore, image: Digest) {
  using imageStore = createImageStore(store, null);
  const open = await openImage(imageStore, image);
  const key = imageKey(image, 'placement');
  const [pack] = open.placement.packs;
  if (pack === undefined) throw new Error('no pack');
  const moved = [pack, ...['one name', 'another'].map((name) => digestOf(Buffer.from(name)))];
  const placements: Buffer[] = [];
  for (const name of moved) {
    await store.put(packKey(name), await store.get(packKey(pack)));
    await replacePlacement(imageStore, open, (_, location) => ({ ...location, pack: name }));
    placements.push(await store.get(key));
  }
  let [left, done, next] = [0, 0, 0];
  const racing = hookStore(store, {
    async after(call, read) {
      if (call !== 'getRange' || read !== key || left === 0) return;
      left -= 1;
      done += 1;
      await store.replace(key, placements[next++ % placements.length] ?? Buffer.of());
    },
  });
  const race = (times: number): (() => number) => {
    [left, done] = [times, 0];
    return () => done;
  };
  return { racing, race, moved };
}
