import { describe, expect, it } from 'vitest';
import { openChunkIndex } from '../../src/chunks/chunk-index.ts';
import { createChunkWriter } from '../../src/chunks/chunk-writer.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { deriveImage, digestWithConfig } from '../../src/image/derive-image.ts';
import { diffImages } from '../../src/image/diff-images.ts';
import { leaseImage, listLeases } from '../../src/image/references/image-leases.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { loadTree } from '../../src/image/load-tree.ts';
import { openImage } from '../../src/image/open-image.ts';
import { createFileReader } from '../../src/image/read-file.ts';
import { writeImage } from '../../src/image/write-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { imageKey, packKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { collect, failureOf } from '../support/failures.ts';
import { hookStore } from '../support/hooked-store.ts';
import { sampleConfig, writeSample } from './support/sample-image.ts';

const mib = 1024 * 1024;
const sparse = Buffer.alloc(3 * mib);
pattern(100_000, 5).copy(sparse, 700_000);
const files = {
  'etc/small': Buffer.from('small'),
  'etc/zeros': Buffer.alloc(5000),
  'lib/large': pattern(9 * mib + 17, 1),
  'lib/repeated': Buffer.concat(Array.from({ length: 50 }, () => pattern(65_536, 2))),
  'lib/sparse': sparse,
  'lib/all-zeros': Buffer.alloc(200_000),
};

describe('an open image', () => {
  it('gives the bytes of each file, with few requests', async () => {
    const metered = meterObjectStore(createMemoryObjectStore());
    using imageStore = createImageStore(metered, null);
    const { digest } = await writeSample(imageStore, files);
    for (const [path, expected] of Object.entries(files)) {
      const image = await openImage(imageStore, digest);
      const { inode } = await (await image.tree()).lookupFollowing(path);
      if (inode.type !== 'file') throw new Error('no file');
      const before = metered.counts().getRange.calls;
      const parts = await collect(createFileReader(image).read(inode));
      expect(Buffer.concat(parts).equals(expected), path).toBe(true);
      expect(metered.counts().getRange.calls - before).toBeLessThan(12);
    }
  });

  it('is read from the root on by what is touched alone', async () => {
    const metered = meterObjectStore(createMemoryObjectStore());
    using imageStore = createImageStore(metered, null);
    const { digest } = await writeSample(imageStore, files, { diskBytes: 4096 * mib });
    const before = metered.counts();
    const image = await openImage(imageStore, digest);
    expect(await image.readChunk(0)).not.toBeNull();
    const { get, getRange } = metered.counts();
    expect([get.calls - before.get.calls, getRange.calls - before.getRange.calls]).toEqual([2, 2]);
  });

  it('has no chunk beyond its disk', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    for (const index of [-1, 1024, 10_000])
      expect((await failureOf(image.readChunk(index))).code).toBe('invalid_request');
    expect(await image.readChunk(1023)).toBeNull();
  });

  it('goes on after a store that did not answer for a while', async () => {
    const store = createMemoryObjectStore();
    using writer = createImageStore(store, null);
    const { digest } = await writeSample(writer, files);
    let isDown = false;
    const flaky = hookStore(store, {
      before() {
        if (isDown) throw new AshlarError('store_unreachable', 'down');
      },
    });
    using imageStore = createImageStore(flaky, null);
    const image = await openImage(imageStore, digest);
    isDown = true;
    const reads = [
      () => image.tree(),
      () => image.readChunk(0),
      () => image.locations(),
      () => collect(image.treePages()),
      () => collect(image.chunks()),
      () => image.locate(digest),
    ];
    for (const read of reads) expect((await failureOf(read)).code).toBe('store_unreachable');
    isDown = false;
    for (const read of reads.slice(0, -1)) await read();
  });

  it('is image_not_found when it is not there, and says chunk_missing for a chunk of another', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const none = `blake3:${'0'.repeat(64)}` as Digest;
    expect((await failureOf(openImage(imageStore, none))).code).toBe('image_not_found');
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    expect((await failureOf(image.locate(none))).code).toBe('chunk_missing');
  });

  it('with the placement of another image is refused, or gives no wrong byte', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const one = (await writeSample(imageStore, files)).digest;
    const two = (
      await writeSample(imageStore, { other: pattern(mib, 9) }, { diskBytes: 4096 * mib })
    ).digest;
    await store.replace(imageKey(one, 'placement'), await store.get(imageKey(two, 'placement')));
    const failure = await failureOf(async () => {
      const image = await openImage(imageStore, one);
      await collect(image.chunks());
    });
    expect(failure).toMatchObject({ code: 'manifest_corrupt', data: { image: one } });
  });
});

describe('an image whose packs are rewritten while it is open', () => {
  /** Stores the same image again, in packs of another size, and gives the packs of before. */
  async function rewrite(store: ObjectStore, digest: Digest): Promise<Digest[]> {
    using before = createImageStore(store, null);
    const { packs } = (await openImage(before, digest)).placement;
    const index = openChunkIndex(':memory:');
    const shelf = before.shelf;
    const writer = createChunkWriter({ store, index, shelf, packBytes: 300_000 });
    using writing = createImageStore(store, null);
    expect((await writeSample(writing, files, { writer })).digest).toBe(digest);
    return [...packs];
  }

  it('is read to its end, also when the old packs are deleted', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    const indexes = (await collect((await openImage(imageStore, digest)).chunks())).map(
      ({ index }) => index,
    );
    const half = Math.floor(indexes.length / 2);
    for (const index of indexes.slice(0, half)) await image.readChunk(index);
    for (const pack of await rewrite(store, digest)) await store.delete(packKey(pack));
    for (const index of indexes) expect(await image.readChunk(index)).not.toBeNull();
    expect(image.placement.packs.length).toBeGreaterThan(5);
  });

  it('has the places of one time and not of two', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    await rewrite(store, digest);
    const locations = await image.locations();
    const blobs = [...locations].map(([blob, location]) => ({ digest: blob, location }));
    expect(await collect(imageStore.reader.readMany(blobs))).toHaveLength(blobs.length);
  });
});

describe('an image that is written', () => {
  it('is the same from its own tree, and costs nothing then', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    const { tree, knownBins } = await loadTree(imageStore, image);
    const writer = imageStore.createWriter();
    writer.know(await image.locations());
    const again = await writeImage(imageStore, {
      tree,
      config: sampleConfig,
      diskBytes: 64 * mib,
      provenance: null,
      writer,
      knownBins,
    });
    expect(again.digest).toBe(digest);
    expect(writer.stats.newBlobs).toBe(0);
  });

  it('is refused when a pack that it builds on is gone', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    const { tree, knownBins } = await loadTree(imageStore, image);
    const writer = imageStore.createWriter();
    writer.know(await image.locations());
    for (const pack of image.placement.packs)
      await store.delete(`packs/${pack.slice(7, 9)}/${pack.slice(7)}.pack`);
    const provenance = null;
    const common = { tree, config: sampleConfig, provenance, writer, knownBins };
    const input = { ...common, diskBytes: 128 * mib };
    expect((await failureOf(writeImage(imageStore, input))).code).toBe('pack_missing');
    expect(await collect(store.list('images/'))).toHaveLength(4);
  });

  it('with another config shares everything and is whole', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const image = await openImage(imageStore, digest);
    const config = { ...sampleConfig, config: { Cmd: ['/bin/true'] } };
    const derived = await deriveImage(imageStore, image, {
      config,
      provenance: { kind: 'derived' },
    });
    expect(derived).toBe(digestWithConfig(image.root, config));
    expect(await deriveImage(imageStore, image, { config: sampleConfig, provenance: null })).toBe(
      digest,
    );
    const other = await openImage(imageStore, derived);
    expect(await diffImages(image, other)).toMatchObject({ files: [], others: ['config'] });
    await store.delete(imageKey(digest, 'placement'));
    const failure = await failureOf(
      deriveImage(imageStore, image, { config: { ...config, os: 'x' }, provenance: null }),
    );
    expect(failure).toMatchObject({ code: 'manifest_corrupt', data: { image: digest } });
  });
});

describe('the difference of two images', () => {
  it('names every path by what is different', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const write = async (entries: Parameters<typeof writeSample>[1], diskBytes = 64 * mib) =>
      openImage(imageStore, (await writeSample(imageStore, entries, { diskBytes })).digest);
    const left = await write({
      same: pattern(100_000, 1),
      changed: Buffer.from('before'),
      gone: Buffer.from('gone'),
      retyped: Buffer.from('file'),
      link: { target: 'same' },
      first: Buffer.from('x'),
      second: { sameAs: 'first' },
      'new\nline': Buffer.from('1'),
    });
    const right = await write(
      {
        same: pattern(100_000, 1),
        changed: Buffer.from('after'),
        retyped: { target: 'file' },
        link: { target: 'changed' },
        first: Buffer.from('x'),
        second: Buffer.from('x'),
        added: Buffer.from('added'),
        'new\nline': Buffer.from('2'),
      },
      128 * mib,
    );
    const { files: changes, others, chunks } = await diffImages(left, right);
    expect(changes).toEqual([
      { path: 'added', change: 'added' },
      { path: 'changed', change: 'content' },
      { path: 'gone', change: 'removed' },
      { path: 'link', change: 'content' },
      { path: 'new\nline', change: 'content' },
      { path: 'retyped', change: 'content' },
      { path: 'second', change: 'metadata' },
    ]);
    expect(others).toEqual(['disk size']);
    expect(chunks.shared).toBeGreaterThanOrEqual(2);
    expect(await diffImages(left, left)).toMatchObject({ files: [], others: [] });
  });
});

describe('a lease', () => {
  it('is there until it is given back', async () => {
    const store = createMemoryObjectStore();
    const image = `blake3:${'1'.repeat(64)}` as Digest;
    {
      await using _ = await leaseImage(store, image, { nowMs: 1000, lifetimeMs: 500 });
      expect(await collect(listLeases(store))).toMatchObject([{ image, expiresMs: 1500 }]);
    }
    expect(await collect(listLeases(store))).toEqual([]);
  });

  it('is done without in a store that cannot be written', async () => {
    const readOnly = hookStore(createMemoryObjectStore(), {
      before(call) {
        if (call === 'replace') throw new AshlarError('store_read_only', 'no');
      },
    });
    const image = `blake3:${'1'.repeat(64)}` as Digest;
    await using _ = await leaseImage(readOnly, image, { nowMs: 0, lifetimeMs: 500 });
    expect(await collect(listLeases(readOnly))).toEqual([]);
  });
});
