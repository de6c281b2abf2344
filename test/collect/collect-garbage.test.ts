import { describe, expect, it } from 'vitest';
import { checkStore } from '../../src/collect/check-store.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { leaseImage } from '../../src/image/references/image-leases.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { createStepResults } from '../../src/image/references/step-results.ts';
import { removeTag, resolveImage, setTag } from '../../src/image/references/tags.ts';
import { imageKey, stepKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { failureOf } from '../support/failures.ts';
import { keysOf, snapshot } from '../support/hooked-store.ts';
import { writeSample } from '../image/support/sample-image.ts';
import {
  type CollectFixture,
  createCollectFixture,
  dayMs,
  hashDisk,
  hourMs,
} from './support/collect-fixture.ts';

const step = digestOf(Buffer.from('a step'));

async function sample(fixture: CollectFixture, seed: number): Promise<Digest> {
  const files = { [`file-${seed}`]: pattern(300_000, seed), small: Buffer.from(`${seed}`) };
  return (await writeSample(fixture.imageStore, files)).digest;
}

async function isWhole(fixture: CollectFixture, digest: Digest): Promise<boolean> {
  const { damages } = await checkStore(fixture.imageStore, [digest]);
  return damages.length === 0;
}

describe('what keeps an image', () => {
  it('is a tag, until it is removed', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    await setTag(fixture.store, { name: 'kept', image, nowMs: 0 });
    fixture.pass(1000 * dayMs);
    const report = await fixture.collect();
    expect(Object.fromEntries(report.kept)).toEqual({ [image]: 'tag' });
    expect(await isWhole(fixture, image)).toBe(true);
    await removeTag(fixture.store, 'kept');
    expect((await fixture.collect()).removedImages).toEqual([image]);
    expect(await keysOf(fixture.store, 'images/')).toEqual([]);
    expect((await failureOf(resolveImage(fixture.store, image))).code).toBe('image_not_found');
  });

  it('is a lease, until it is given back or runs out', async () => {
    using fixture = createCollectFixture();
    const [one, two] = [await sample(fixture, 1), await sample(fixture, 2)];
    fixture.pass(30 * dayMs);
    const time = { nowMs: fixture.nowMs(), lifetimeMs: dayMs };
    await leaseImage(fixture.store, one, time);
    {
      await using _ = await leaseImage(fixture.store, two, time);
      const report = await fixture.collect();
      expect(Object.fromEntries(report.kept)).toEqual({ [one]: 'lease', [two]: 'lease' });
    }
    expect((await fixture.collect()).removedImages).toEqual([two]);
    expect(await isWhole(fixture, one)).toBe(true);
    fixture.pass(dayMs + 1);
    const report = await fixture.collect();
    expect(report).toMatchObject({ removedImages: [one], removedRecords: 1 });
    expect(await keysOf(fixture.store, 'leases/')).toEqual([]);
  });

  it('is the result of a step, for as long as steps are kept after they were last of use', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    const steps = createStepResults(fixture.store, fixture.nowMs);
    await steps.record(step, image);
    fixture.pass(13 * dayMs);
    expect(Object.fromEntries((await fixture.collect()).kept)).toEqual({ [image]: 'recent step' });
    expect(await steps.find(step)).toBe(image);
    fixture.pass(13 * dayMs);
    expect(Object.fromEntries((await fixture.collect()).kept)).toEqual({ [image]: 'recent step' });
    fixture.pass(dayMs);
    expect(await fixture.collect()).toMatchObject({ removedImages: [image], removedRecords: 1 });
    expect(await steps.find(step)).toBeNull();
  });

  it('is that it is new, or was published anew', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    fixture.pass(dayMs - 1);
    expect(Object.fromEntries((await fixture.collect()).kept)).toEqual({ [image]: 'recent' });
    expect(await sample(fixture, 1)).toBe(image);
    fixture.pass(dayMs - 1);
    expect(Object.fromEntries((await fixture.collect()).kept)).toEqual({ [image]: 'recent' });
    fixture.pass(1);
    expect((await fixture.collect()).removedImages).toEqual([image]);
  });

  it('is not a step or a lease of an image that is gone, nor a step that is damaged', async () => {
    using fixture = createCollectFixture();
    const gone = digestOf(Buffer.from('gone'));
    await createStepResults(fixture.store, fixture.nowMs).record(step, gone);
    await leaseImage(fixture.store, gone, { nowMs: fixture.nowMs(), lifetimeMs: dayMs });
    await fixture.store.put(stepKey(gone), Buffer.from('{"image":'));
    const report = await fixture.collect();
    expect(report.kept.size).toBe(0);
    expect(await keysOf(fixture.store, 'steps/')).toEqual([stepKey(step)]);
  });
});

describe('packs', () => {
  it('that nothing refers to are put into quarantine after the grace period, and deleted later', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    const packs = await keysOf(fixture.store, 'packs/');
    fixture.pass(hourMs);
    await fixture.store.delete(imageKey(image, 'root'));
    expect((await fixture.collect()).quarantined).toEqual([]);
    fixture.pass(dayMs);
    expect((await fixture.collect()).quarantined).toHaveLength(packs.length);
    expect(await keysOf(fixture.store, 'packs/')).toEqual([]);
    expect(await keysOf(fixture.store, 'quarantine/')).toHaveLength(packs.length);
    fixture.pass(7 * dayMs - 1);
    expect((await fixture.collect()).deleted).toEqual([]);
    fixture.pass(1);
    const report = await fixture.collect();
    expect(report.deleted).toHaveLength(packs.length);
    expect(report.deletedBytes).toBeGreaterThan(300_000);
    expect(await keysOf(fixture.store, '')).toEqual([]);
  });

  it('in quarantine come back to whoever reads, and to the next collection when they are used', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    const before = await hashDisk(fixture.imageStore, image);
    const objects = new Map<string, Buffer>();
    for (const key of await keysOf(fixture.store, 'images/'))
      objects.set(key, await fixture.store.get(key));
    fixture.pass(2 * dayMs);
    const { quarantined } = await fixture.collect();
    expect(quarantined.length).toBeGreaterThan(0);
    expect(await keysOf(fixture.store, 'packs/')).toEqual([]);
    // As if somebody had published it just after the collection had looked.
    for (const [key, bytes] of objects) await fixture.store.put(key, bytes);
    expect(await hashDisk(fixture.imageStore, image)).toBe(before);
    expect(await keysOf(fixture.store, 'quarantine/')).toEqual([]);

    await setTag(fixture.store, { name: 'kept', image, nowMs: 0 });
    const packs = await keysOf(fixture.store, 'packs/');
    for (const key of packs) {
      const to = key.replace(/^packs\/..\//, 'quarantine/');
      await fixture.store.put(to, await fixture.store.get(key));
      await fixture.store.delete(key);
    }
    fixture.pass(30 * dayMs);
    const report = await fixture.collect();
    expect([report.rescued.length, report.deleted.length]).toEqual([packs.length, 0]);
    expect(await keysOf(fixture.store, 'quarantine/')).toEqual([]);
    expect(await hashDisk(fixture.imageStore, image)).toBe(before);
  });

  it('that are mostly dead are rewritten: digests and contents stay', async () => {
    using fixture = createCollectFixture();
    const shared = pattern(400_000, 7);
    const bulk = pattern(4_000_000, 8);
    const fat = (await writeSample(fixture.imageStore, { shared, bulk })).digest;
    // Many share the same tenth of the pack, which does not make it more.
    const images: Digest[] = [];
    for (let note = 0; note < 6; note += 1) {
      const files = { shared, note: Buffer.from(`note ${note}`) };
      images.push((await writeSample(fixture.imageStore, files)).digest);
    }
    for (const image of images)
      await setTag(fixture.store, { name: image.slice(7, 20), image, nowMs: 0 });
    const hashAll = async (): Promise<string[]> => {
      const hashes: string[] = [];
      for (const image of images) hashes.push(await hashDisk(fixture.imageStore, image));
      return hashes;
    };
    const before = await hashAll();
    fixture.pass(2 * dayMs);
    const report = await fixture.collect();
    expect(report.removedImages).toEqual([fat]);
    expect(report.rewritten).toHaveLength(1);
    expect(await hashAll()).toEqual(before);
    expect((await checkStore(fixture.imageStore, null)).damages).toEqual([]);
    // The old pack is unused now, and goes its way; nothing is rewritten twice.
    fixture.pass(2 * dayMs);
    const second = await fixture.collect();
    expect(second).toMatchObject({ rewritten: [], quarantined: report.rewritten });
    fixture.pass(8 * dayMs);
    expect(await fixture.collect()).toMatchObject({ rewritten: [], deleted: report.rewritten });
    expect(await hashAll()).toEqual(before);
    // What was moved is found by builds: writing the same again stores nothing.
    const writer = fixture.imageStore.createWriter();
    await writeSample(fixture.imageStore, { shared, note: Buffer.from('note 0') }, { writer });
    expect(writer.stats.newBlobs).toBe(0);
  });

  it('of which two images use other chunks are counted for both', async () => {
    using fixture = createCollectFixture();
    const [left, right] = [pattern(2_000_000, 1), pattern(2_000_000, 2)];
    await writeSample(fixture.imageStore, { left, right });
    const images = [
      (await writeSample(fixture.imageStore, { left })).digest,
      (await writeSample(fixture.imageStore, { right })).digest,
    ];
    for (const image of images)
      await setTag(fixture.store, { name: image.slice(7, 20), image, nowMs: 0 });
    fixture.pass(2 * dayMs);
    expect((await fixture.collect()).rewritten).toEqual([]);
  });

  it('that are sparse and damaged are left for a check to find', async () => {
    using fixture = createCollectFixture();
    const shared = pattern(400_000, 7);
    await writeSample(fixture.imageStore, { shared, bulk: pattern(4_000_000, 8) });
    const image = (await writeSample(fixture.imageStore, { shared })).digest;
    await setTag(fixture.store, { name: 'kept', image, nowMs: 0 });
    const [{ damages: none }, packs] = [
      await checkStore(fixture.imageStore, null),
      await keysOf(fixture.store, 'packs/'),
    ];
    expect([none, packs.length]).toEqual([[], 2]);
    for (const key of packs) {
      const bytes = await fixture.store.get(key);
      if (bytes.length < 1_000_000) continue;
      bytes.fill(0, 20, 600_000);
      await fixture.store.replace(key, bytes);
    }
    fixture.pass(2 * dayMs);
    expect((await fixture.collect()).rewritten).toEqual([]);
    expect((await checkStore(fixture.imageStore, [image])).damages.length).toBeGreaterThan(0);
  });
});

describe('a dry run', () => {
  it('changes nothing and says what would be done', async () => {
    using fixture = createCollectFixture();
    const shared = pattern(400_000, 7);
    const fat = (await writeSample(fixture.imageStore, { shared, bulk: pattern(4_000_000, 8) }))
      .digest;
    const thin = (await writeSample(fixture.imageStore, { shared })).digest;
    const unused = await sample(fixture, 1);
    await setTag(fixture.store, { name: 'kept', image: thin, nowMs: 0 });
    await createStepResults(fixture.store, fixture.nowMs).record(step, fat);
    await leaseImage(fixture.store, fat, { nowMs: fixture.nowMs(), lifetimeMs: dayMs });
    await fixture.store.put(imageKey(step, 'placement'), Buffer.from('a leftover'));
    fixture.pass(30 * dayMs);
    // Packs of the tagged image in quarantine: to look at it must not take them out.
    for (const key of await keysOf(fixture.store, 'packs/')) {
      if ((await fixture.store.get(key)).length > 1_000_000) continue;
      await fixture.store.put(
        key.replace(/^packs\/..\//, 'quarantine/'),
        await fixture.store.get(key),
      );
      await fixture.store.delete(key);
    }
    const before = await snapshot(fixture.store);
    const planned = await fixture.collect({ mode: 'report' });
    expect(await snapshot(fixture.store)).toEqual(before);
    expect([...planned.removedImages].toSorted()).toEqual([fat, unused].toSorted());
    expect(planned.removedRecords).toBe(3);
    expect(planned.rewritten).toHaveLength(1);
    const done = await fixture.collect();
    expect({ ...done, rescued: [] }).toEqual({ ...planned, rescued: [] });
    expect(await keysOf(fixture.store, 'images/')).toHaveLength(4);
  });
});

describe('what cannot be read', () => {
  async function tagged(fixture: CollectFixture): Promise<Digest> {
    const image = await sample(fixture, 1);
    await setTag(fixture.store, { name: 'hurt', image, nowMs: 0 });
    await sample(fixture, 2);
    fixture.pass(30 * dayMs);
    return image;
  }

  it.each(['root', 'placement'] as const)(
    'stops the collection before anything is changed: a damaged %s',
    async (part) => {
      using fixture = createCollectFixture();
      const image = await tagged(fixture);
      await fixture.store.replace(imageKey(image, part), Buffer.from('garbage'));
      const before = await snapshot(fixture.store);
      const failure = await failureOf(fixture.collect());
      expect(failure).toMatchObject({ code: 'manifest_corrupt', data: { image } });
      expect(failure.message).toContain('nothing is collected');
      expect(await snapshot(fixture.store)).toEqual(before);
    },
  );

  it('stops it: a manifest in a pack that is missing', async () => {
    using fixture = createCollectFixture();
    const image = await tagged(fixture);
    for (const key of await keysOf(fixture.store, 'packs/')) await fixture.store.delete(key);
    const before = await snapshot(fixture.store);
    expect(await failureOf(fixture.collect())).toMatchObject({
      code: 'pack_missing',
      data: { image },
    });
    expect(await snapshot(fixture.store)).toEqual(before);
  });

  it.each([
    ['a tag that is cut short', 'tags/bad%3Av1.json', '{"name":'],
    ['a tag of no image', 'tags/bad%3Av1.json', '{"name":"bad:v1","image":"x","updated":""}'],
    ['a lease that is cut short', 'leases/bad.json', '{'],
    ['a lease without an end', 'leases/bad.json', `{"image":"${step}"}`],
  ])('stops it: %s', async (_, key, text) => {
    using fixture = createCollectFixture();
    await tagged(fixture);
    await fixture.store.put(key, Buffer.from(text));
    const before = await snapshot(fixture.store);
    const failure = await failureOf(fixture.collect());
    expect(failure.code).toBe('manifest_corrupt');
    expect(failure.message).toMatch(/bad/);
    expect(await snapshot(fixture.store)).toEqual(before);
  });

  it('stops it: a tag whose image is gone, until the tag is given up', async () => {
    using fixture = createCollectFixture();
    const image = await tagged(fixture);
    await fixture.store.delete(imageKey(image, 'root'));
    const failure = await failureOf(fixture.collect());
    expect(failure).toMatchObject({
      code: 'manifest_corrupt',
      data: { tag: 'hurt:latest', image },
    });
    expect(failure.hint).toContain('ashlar image rm hurt:latest');
    await removeTag(fixture.store, 'hurt');
    await fixture.collect();
    expect(await keysOf(fixture.store, 'images/')).toEqual([]);
  });

  it('does not stop it when nothing refers to it: a damaged image is removed', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    await fixture.store.replace(imageKey(image, 'root'), Buffer.alloc(100));
    fixture.pass(30 * dayMs);
    expect((await fixture.collect()).removedImages).toEqual([image]);
  });
});

describe('what killed processes left', () => {
  it('of images is removed after the grace period', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    await fixture.store.delete(imageKey(image, 'root'));
    fixture.pass(dayMs - 1);
    expect((await fixture.collect()).removedRecords).toBe(0);
    fixture.pass(1);
    expect((await fixture.collect()).removedRecords).toBe(3);
    expect(await keysOf(fixture.store, 'images/')).toEqual([]);
  });

  it('of a collection in mid-move is one pack, in its place or in quarantine', async () => {
    using fixture = createCollectFixture();
    const image = await sample(fixture, 1);
    await setTag(fixture.store, { name: 'kept', image, nowMs: 0 });
    for (const key of await keysOf(fixture.store, 'packs/'))
      await fixture.store.put(
        key.replace(/^packs\/..\//, 'quarantine/'),
        await fixture.store.get(key),
      );
    fixture.pass(30 * dayMs);
    await fixture.collect();
    expect(await keysOf(fixture.store, 'quarantine/')).toEqual([]);
    expect(await isWhole(fixture, image)).toBe(true);
  });
});

describe('another machine', () => {
  it('that still believes in packs which were collected stores anew what was in them', async () => {
    using fixture = createCollectFixture();
    using elsewhere = createImageStore(fixture.store, null);
    const files = { file: pattern(300_000, 1) };
    const { digest } = await writeSample(elsewhere, files);
    fixture.pass(30 * dayMs);
    await fixture.collect();
    fixture.pass(30 * dayMs);
    await fixture.collect();
    expect(await keysOf(fixture.store, '')).toEqual([]);
    // A new process with the same index.
    const index = elsewhere.index();
    using again = createImageStore(fixture.store, null);
    const writer = { ...again, index: () => index };
    expect((await writeSample(writer, files)).digest).toBe(digest);
    expect(await isWhole(fixture, digest)).toBe(true);
  });
});
