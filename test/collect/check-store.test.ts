import { describe, expect, it } from 'vitest';
import { quarantinePack } from '../../src/chunks/pack-quarantine.ts';
import { checkStore } from '../../src/collect/check-store.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { leaseImage } from '../../src/image/references/image-leases.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { openImage } from '../../src/image/open-image.ts';
import { setTag } from '../../src/image/references/tags.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { digestInKey, imageKey, packKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { failureOf } from '../support/failures.ts';
import { hookStore, keysOf, snapshot } from '../support/hooked-store.ts';
import { writeSample } from '../image/support/sample-image.ts';

const mib = 1024 * 1024;
const files = {
  'etc/small': Buffer.from('small'),
  'lib/one': pattern(2 * mib, 1),
  'lib/two': pattern(2 * mib, 2),
};

async function damageRecord(store: ObjectStore, key: string, at: number): Promise<void> {
  const bytes = await store.get(key);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await store.replace(key, bytes);
}

/** The pack and the place of the n-th chunk of a file. */
async function placeOf(
  imageStore: ReturnType<typeof createImageStore>,
  image: Digest,
  path: string,
) {
  const open = await openImage(imageStore, image);
  const { inode } = await (await open.tree()).lookupFollowing(path);
  if (inode.type !== 'file' || inode.content.kind !== 'chunked') throw new Error('not chunked');
  const [chunk] = inode.content.runs[0]?.digests ?? [];
  if (chunk === undefined) throw new Error('no chunk');
  return open.locate(chunk);
}

describe('a check of a store', () => {
  it('of nothing finds nothing', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    expect(await checkStore(imageStore, null)).toEqual({
      images: 0,
      packs: 0,
      blobs: 0,
      damages: [],
    });
  });

  it('finds all damage of all images, and what belongs to none', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const one = (await writeSample(imageStore, files)).digest;
    const two = (await writeSample(imageStore, { ...files, more: pattern(mib, 3) })).digest;
    const gone = (await writeSample(imageStore, { other: pattern(mib, 4) })).digest;
    for (const [name, image] of [
      ['one', one],
      ['two', two],
      ['gone', gone],
    ] as const)
      await setTag(store, { name, image, nowMs: 0 });
    const first = await placeOf(imageStore, one, 'lib/one');
    await damageRecord(store, packKey(first.pack), first.offset + 10);
    const more = await placeOf(imageStore, two, 'more');
    await damageRecord(store, packKey(more.pack), more.offset + 10);
    const lost = (await writeSample(imageStore, { lost: pattern(mib, 5) })).digest;
    await setTag(store, { name: 'lost', image: lost, nowMs: 0 });
    await store.delete(packKey((await placeOf(imageStore, lost, 'lost')).pack));
    await store.delete(imageKey(gone, 'root'));
    await store.replace('tags/bad%3Av1.json', Buffer.from('{'));
    await store.replace('leases/bad.json', Buffer.from('{"image":3}'));
    await store.replace('packs/ab/'.concat('ab'.repeat(32), '.pack'), Buffer.from('no pack'));

    const { damages } = await checkStore(imageStore, null);
    const told = damages.map(({ image, tags, code, files: hurt }) => [image, tags[0], code, hurt]);
    expect(told).toEqual(
      expect.arrayContaining([
        [one, 'one:latest', 'chunk_corrupt', ['/lib/one']],
        [two, 'two:latest', 'chunk_corrupt', ['/lib/one']],
        [two, 'two:latest', 'chunk_corrupt', ['/more']],
        [lost, 'lost:latest', 'pack_missing', []],
        [gone, 'gone:latest', 'manifest_corrupt', []],
        [null, 'bad:v1', 'manifest_corrupt', []],
        [null, undefined, 'manifest_corrupt', []],
        [null, undefined, 'pack_corrupt', []],
      ]),
    );
    // The lost pack holds manifest and tree of its image: neither can be read.
    expect(damages).toHaveLength(9);
  });

  it('looks at each place of a chunk that several images have', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const one = (await writeSample(imageStore, files)).digest;
    const two = (await writeSample(imageStore, { ...files, more: Buffer.from('x') })).digest;
    const placement = await store.get(imageKey(two, 'placement'));
    // The record of the last chunk: its offset.
    placement.writeUInt8(placement.readUInt8(placement.length - 8) ^ 1, placement.length - 8);
    await store.replace(imageKey(two, 'placement'), placement);
    const { damages } = await checkStore(imageStore, null);
    expect(damages.map(({ image }) => image)).toEqual([two]);
    expect((await checkStore(imageStore, [one])).damages).toEqual([]);
  });

  it('reads a pack again only for what no image before had of it', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    await writeSample(imageStore, files);
    await writeSample(imageStore, files, { diskBytes: 128 * mib });
    const metered = meterObjectStore(store);
    using checked = createImageStore(metered, null);
    const report = await checkStore(checked, null);
    expect(report).toMatchObject({ images: 2, damages: [] });
    expect(report.packs).toBe((await keysOf(store, 'packs/')).length);
    const documents = 2 * 4;
    const calls = metered.counts().get.calls - documents;
    // The one that they share may be read twice: for the chunks of both, and for the metadata of its own image.
    expect([report.packs, report.packs + 1]).toContain(calls);
  });

  it('changes nothing, and leaves packs in quarantine where they are', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    await writeSample(imageStore, files);
    for (const key of await keysOf(store, 'packs/'))
      await quarantinePack(store, digestInKey(key) ?? ('' as Digest));
    const before = await snapshot(store);
    expect((await checkStore(imageStore, null)).damages).toEqual([]);
    expect(await snapshot(store)).toEqual(before);
  });

  it('ends when it is interrupted', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    await writeSample(imageStore, files);
    const abort = new AbortController();
    abort.abort(new AshlarError('interrupted', 'enough'));
    const failure = await failureOf(checkStore(imageStore, null, abort.signal));
    expect(failure.code).toBe('interrupted');
  });

  it('tells of an image that is removed, with its packs, after it was opened', async () => {
    const store = createMemoryObjectStore();
    using writing = createImageStore(store, null);
    const gone = (await writeSample(writing, files)).digest;
    const { packs } = (await openImage(writing, gone)).placement;
    let isRemoved = false;
    const racing = hookStore(store, {
      async after(call, key) {
        if (isRemoved || call !== 'get' || key !== imageKey(gone, 'placement')) return;
        isRemoved = true;
        for (const part of ['root', 'placement', 'provenance'] as const)
          await store.delete(imageKey(gone, part));
        for (const pack of packs) await store.delete(packKey(pack));
      },
    });
    using imageStore = createImageStore(racing, null);
    expect((await checkStore(imageStore, [gone])).damages).toMatchObject([
      { image: gone, code: 'image_not_found' },
    ]);
    expect(isRemoved).toBe(true);
  });

  it('does not take an image for damaged that is removed meanwhile', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    const removing = hookStore(store, {
      async before(call, key) {
        if (call === 'get' && key === imageKey(digest, 'root')) await store.delete(key);
      },
    });
    using looking = createImageStore(removing, null);
    expect((await checkStore(looking, null)).damages).toEqual([]);
  });

  it('fails when the store does not answer: that is no damage', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    await writeSample(imageStore, files);
    for (const prefix of ['images/', 'packs/']) {
      const down = hookStore(store, {
        before(call, key) {
          if (call.startsWith('get') && key.startsWith(prefix))
            throw new AshlarError('store_unreachable', 'down');
        },
      });
      using looking = createImageStore(down, null);
      expect((await failureOf(checkStore(looking, null))).code).toBe('store_unreachable');
    }
  });

  it('ends soon when thousands of chunks are damaged', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const many: Record<string, Buffer> = {};
    for (let file = 0; file < 300; file += 1)
      for (let copy = 0; copy < 3; copy += 1)
        many[`d${file % 17}/f${file}-${copy}`] = Buffer.alloc(70_000, `${file} ${copy} `);
    const { digest } = await writeSample(imageStore, many, { diskBytes: 256 * mib });
    const open = await openImage(imageStore, digest);
    const trees = new Set(open.placement.blobs.map(({ pack, offset }) => `${pack} ${offset}`));
    const hurt = new Set<Digest>();
    for await (const { digest: chunk, location } of open.chunks()) {
      if (trees.has(`${location.pack} ${location.offset}`) || hurt.has(chunk)) continue;
      hurt.add(chunk);
      await damageRecord(store, packKey(location.pack), location.offset + 3);
    }
    expect(hurt.size).toBeGreaterThan(1000);
    const startMs = performance.now();
    const { damages } = await checkStore(imageStore, null);
    expect(performance.now() - startMs).toBeLessThan(20_000);
    expect(damages).toHaveLength(hurt.size);
    expect(new Set(damages.flatMap((damage) => damage.files)).size).toBe(900);
  });
});

describe('what a check found', () => {
  it.each(['flipped', 'cut', 'deleted', 'garbled'])(
    'is mended by writing the image again: a pack that is %s',
    async (how) => {
      const store = createMemoryObjectStore();
      using imageStore = createImageStore(store, null);
      const { digest } = await writeSample(imageStore, files);
      const [key = ''] = await keysOf(store, 'packs/');
      if (how === 'flipped') await damageRecord(store, key, 5000);
      else if (how === 'cut') await store.replace(key, (await store.get(key)).subarray(0, 5000));
      else if (how === 'deleted') await store.delete(key);
      else await store.replace(key, Buffer.alloc(10_000, 'garbage'));
      expect((await checkStore(imageStore, null)).damages.length).toBeGreaterThan(0);
      expect((await writeSample(imageStore, files)).digest).toBe(digest);
      expect((await checkStore(imageStore, null)).damages).toEqual([]);
      // On another machine as well, whose index has learned of the damaged pack from the store.
      if (how !== 'flipped') return;
      await damageRecord(store, key, 5000);
      using other = createImageStore(store, null);
      await writeSample(other, { new: Buffer.from('new') });
      expect((await checkStore(other, null)).damages.length).toBeGreaterThan(0);
      await writeSample(other, files);
      expect((await checkStore(other, null)).damages).toEqual([]);
    },
  );

  it('is mended for root, placement and provenance too', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    for (const part of ['root', 'placement', 'provenance'] as const) {
      await store.replace(imageKey(digest, part), Buffer.from('x'));
      expect((await checkStore(imageStore, null)).damages.length).toBeGreaterThan(0);
      await writeSample(imageStore, files);
      expect((await checkStore(imageStore, null)).damages).toEqual([]);
    }
  });

  it('is found although a machine uses the image', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, files);
    await using _ = await leaseImage(store, digest, { nowMs: 0, lifetimeMs: 1000 });
    expect((await checkStore(imageStore, null)).damages).toEqual([]);
  });
});
