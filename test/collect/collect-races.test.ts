import { describe, expect, it } from 'vitest';
import { quarantinePack, rescuePack } from '../../src/chunks/pack-quarantine.ts';
import { checkStore } from '../../src/collect/check-store.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createImageStore, type ImageStore } from '../../src/image/image-store.ts';
import { setTag } from '../../src/image/references/tags.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { imageKey, packKey, quarantineKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { writeSample } from '../image/support/sample-image.ts';
import { collectOn, createCollectFixture, dayMs, hashDisk } from './support/collect-fixture.ts';

const files = { large: pattern(200_000, 1), small: Buffer.from('small') };
const others = { other: pattern(150_000, 2) };

/** Does something at the n-th call of the store, before it; nothing when there are fewer calls. */
function interruptAt(store: ObjectStore, nth: number, work: () => Promise<void>) {
  let calls = 0;
  let isDone = false;
  const hooked = hookStore(store, {
    async before() {
      calls += 1;
      if (calls !== nth) return;
      isDone = true;
      await work();
    },
  });
  return {
    store: hooked,
    wasInterrupted: () => isDone,
  };
}

/** Runs a round for the first call, the second, and so on, until a round has no such call. Gives the number of rounds. */
async function forEachCall(round: (nth: number) => Promise<boolean>): Promise<number> {
  for (let nth = 1; nth < 500; nth += 1) if (!(await round(nth))) return nth - 1;
  throw new Error('no end of calls');
}

/** Codes that a writer may fail with when a collection is in its way: named, and another try goes well. */
const fair = new Set(['image_not_found', 'pack_missing']);

describe('a writer, and a collection at any moment of its work', () => {
  it('publishes an image that is whole, or fails with a name; another try goes well', async () => {
    const outcomes = { done: 0, failed: 0 };
    const rounds = await forEachCall(async (nth) => {
      using fixture = createCollectFixture();
      // Two months ago: an image that shares the chunks, and is not used any more.
      const { digest } = await writeSample(fixture.imageStore, files);
      const index = fixture.imageStore.index();
      fixture.pass(60 * dayMs);
      const racing = interruptAt(fixture.store, nth, async () => {
        await fixture.collect();
      });
      using opened = createImageStore(racing.store, null);
      const writer: ImageStore = { ...opened, index: () => index };
      const work = async (): Promise<void> => {
        const session = opened.createWriter();
        const written = await writeSample(writer, files, { writer: session });
        expect(written.digest).toBe(digest);
        await setTag(racing.store, { name: 'mine', image: digest, nowMs: fixture.nowMs() });
      };
      try {
        await work();
        outcomes.done += 1;
      } catch (error) {
        if (!(error instanceof AshlarError) || !fair.has(error.code)) throw error;
        outcomes.failed += 1;
        await work();
      }
      expect((await checkStore(fixture.imageStore, null)).damages, `call ${nth}`).toEqual([]);
      fixture.pass(30 * dayMs);
      await fixture.collect();
      fixture.pass(30 * dayMs);
      await fixture.collect();
      expect((await checkStore(fixture.imageStore, null)).damages, `call ${nth}`).toEqual([]);
      await hashDisk(fixture.imageStore, digest);
      return racing.wasInterrupted();
    });
    expect(rounds).toBeGreaterThan(8);
    expect(outcomes.failed).toBeLessThanOrEqual(1);
  });
});

describe('a collection, and a writer at any moment of its work', () => {
  it('leaves the image whole that is written, tagged and was unused before', async () => {
    const rounds = await forEachCall(async (nth) => {
      using fixture = createCollectFixture();
      const { digest } = await writeSample(fixture.imageStore, files);
      await writeSample(fixture.imageStore, others);
      fixture.pass(60 * dayMs);
      const racing = interruptAt(fixture.store, nth, async () => {
        using writer = createImageStore(fixture.store, null);
        await writeSample(writer, files);
        await setTag(fixture.store, { name: 'mine', image: digest, nowMs: fixture.nowMs() });
      });
      using collecting = createImageStore(racing.store, null);
      await collectOn(collecting, fixture.nowMs());
      const { damages } = await checkStore(fixture.imageStore, null);
      expect(damages, `call ${nth}`).toEqual([]);
      fixture.pass(30 * dayMs);
      await fixture.collect();
      fixture.pass(30 * dayMs);
      await fixture.collect();
      if (racing.wasInterrupted()) await hashDisk(fixture.imageStore, digest);
      return racing.wasInterrupted();
    });
    expect(rounds).toBeGreaterThan(15);
  });

  it('leaves the image whole that is only tagged, or the tag is refused', async () => {
    let refused = 0;
    const rounds = await forEachCall(async (nth) => {
      using fixture = createCollectFixture();
      const { digest } = await writeSample(fixture.imageStore, files);
      fixture.pass(60 * dayMs);
      const racing = interruptAt(fixture.store, nth, async () => {
        try {
          await setTag(fixture.store, { name: 'mine', image: digest, nowMs: fixture.nowMs() });
        } catch (error) {
          if (!(error instanceof AshlarError) || error.code !== 'image_not_found') throw error;
          refused += 1;
        }
      });
      using collecting = createImageStore(racing.store, null);
      await collectOn(collecting, fixture.nowMs());
      expect((await checkStore(fixture.imageStore, null)).damages, `call ${nth}`).toEqual([]);
      return racing.wasInterrupted();
    });
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(rounds);
  });

  it('leaves what a reader takes out of quarantine meanwhile', async () => {
    await forEachCall(async (nth) => {
      using fixture = createCollectFixture();
      const { digest } = await writeSample(fixture.imageStore, files);
      await setTag(fixture.store, { name: 'mine', image: digest, nowMs: 0 });
      const expected = await hashDisk(fixture.imageStore, digest);
      for (const key of await keysOf(fixture.store, 'packs/'))
        await quarantinePack(fixture.store, `blake3:${key.slice(9, -5)}` as Digest);
      fixture.pass(60 * dayMs);
      const racing = interruptAt(fixture.store, nth, async () => {
        using reading = createImageStore(fixture.store, null);
        expect(await hashDisk(reading, digest)).toBe(expected);
      });
      using collecting = createImageStore(racing.store, null);
      await collectOn(collecting, fixture.nowMs());
      expect(await hashDisk(fixture.imageStore, digest)).toBe(expected);
      return racing.wasInterrupted();
    });
  });
});

describe('what a collection tells', () => {
  it('is what it did, not what it was about to do', async () => {
    using fixture = createCollectFixture();
    const bytes = Buffer.from('a pack');
    const key = quarantineKey(digestOf(bytes));
    await fixture.store.put(key, bytes);
    fixture.pass(30 * dayMs);
    // Another collection has just put it there anew.
    const racing = hookStore(fixture.store, {
      async before(call, asked) {
        if (call === 'head' && asked === key) await fixture.store.replace(key, bytes);
      },
    });
    using collecting = createImageStore(racing, null);
    const report = await collectOn(collecting, fixture.nowMs());
    expect(report).toMatchObject({ deleted: [], deletedBytes: 0 });
    expect(await keysOf(fixture.store, 'quarantine/')).toEqual([key]);
  });

  it('leaves out an image that is removed before its packs are rewritten', async () => {
    using fixture = createCollectFixture();
    const shared = pattern(400_000, 7);
    await writeSample(fixture.imageStore, { shared, bulk: pattern(4_000_000, 8) });
    const { digest } = await writeSample(fixture.imageStore, { shared });
    await setTag(fixture.store, { name: 'mine', image: digest, nowMs: fixture.nowMs() });
    fixture.pass(30 * dayMs);
    let opened = 0;
    const racing = hookStore(fixture.store, {
      async before(call, key) {
        if (call !== 'get' || key !== imageKey(digest, 'root')) return;
        opened += 1;
        if (opened === 2) await fixture.store.delete(key);
      },
    });
    using collecting = createImageStore(racing, null);
    expect((await collectOn(collecting, fixture.nowMs())).rewritten).toEqual([]);
    expect(opened).toBe(2);
  });
});

describe('two collections', () => {
  /** Used, unused and sparse packs, leftovers and quarantine: something of all that a collection does. */
  async function prepare() {
    const fixture = createCollectFixture();
    const shared = pattern(300_000, 5);
    await writeSample(fixture.imageStore, { shared, bulk: pattern(2_000_000, 6) });
    const kept = (await writeSample(fixture.imageStore, { shared })).digest;
    await setTag(fixture.store, { name: 'kept', image: kept, nowMs: 0 });
    await writeSample(fixture.imageStore, files);
    fixture.pass(30 * dayMs);
    await fixture.collect();
    await writeSample(fixture.imageStore, others);
    await setTag(fixture.store, {
      name: 'mine',
      image: (await writeSample(fixture.imageStore, files)).digest,
      nowMs: 0,
    });
    const expected = await hashDisk(fixture.imageStore, kept);
    fixture.pass(30 * dayMs);
    return { fixture, kept, expected };
  }

  it('one inside the other, at any moment, lose nothing and do not fail', async () => {
    const rounds = await forEachCall(async (nth) => {
      const { fixture, kept, expected } = await prepare();
      using _ = fixture;
      const racing = interruptAt(fixture.store, nth, async () => {
        await fixture.collect();
      });
      using collecting = createImageStore(racing.store, null);
      await collectOn(collecting, fixture.nowMs());
      expect((await checkStore(fixture.imageStore, null)).damages, `call ${nth}`).toEqual([]);
      expect(await hashDisk(fixture.imageStore, kept)).toBe(expected);
      return racing.wasInterrupted();
    });
    expect(rounds).toBeGreaterThan(20);
  });

  it('side by side, call by call in any order, lose nothing and do not fail', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { fixture, kept, expected } = await prepare();
      using _ = fixture;
      const turns = hookStore(fixture.store, {
        async before() {
          const waits = Math.floor(Math.random() * 4);
          for (let turn = 0; turn < waits; turn += 1) await new Promise(setImmediate);
        },
      });
      using one = createImageStore(turns, null);
      using two = createImageStore(turns, null);
      using reader = createImageStore(turns, null);
      await Promise.all([
        collectOn(one, fixture.nowMs()),
        collectOn(two, fixture.nowMs()),
        hashDisk(reader, kept),
      ]);
      expect((await checkStore(fixture.imageStore, null)).damages).toEqual([]);
      expect(await hashDisk(fixture.imageStore, kept)).toBe(expected);
    }
  });
});

describe('a pack that is moved both ways at once', () => {
  const bytes = Buffer.from('a pack');
  const pack = digestOf(bytes);

  /** Where the pack is after `outer` ran, with `inner` before its n-th call. */
  async function raceMoves(
    start: 'in place' | 'in quarantine',
    nth: number,
    moves: { outer: typeof rescuePack; inner: typeof rescuePack },
  ): Promise<{ isThere: boolean; wasInterrupted: boolean }> {
    const store = createMemoryObjectStore();
    await store.put(start === 'in place' ? packKey(pack) : quarantineKey(pack), bytes);
    const racing = interruptAt(store, nth, async () => {
      await moves.inner(store, pack);
    });
    await moves.outer(racing.store, pack);
    const places = await Promise.all([store.head(packKey(pack)), store.head(quarantineKey(pack))]);
    return {
      isThere: places.some((place) => place !== null),
      wasInterrupted: racing.wasInterrupted(),
    };
  }

  it.each([
    ['quarantine', 'rescue', 'in place', quarantinePack, rescuePack],
    ['rescue', 'quarantine', 'in quarantine', rescuePack, quarantinePack],
    ['quarantine', 'quarantine', 'in place', quarantinePack, quarantinePack],
    ['rescue', 'rescue', 'in quarantine', rescuePack, rescuePack],
  ] as const)('is not lost: %s with a %s in between', async (_, __, start, outer, inner) => {
    const rounds = await forEachCall(async (nth) => {
      const { isThere, wasInterrupted } = await raceMoves(start, nth, { outer, inner });
      expect(isThere, `call ${nth}`).toBe(true);
      return wasInterrupted;
    });
    expect(rounds).toBeGreaterThanOrEqual(3);
  });

  it('is not lost by three in any order', async () => {
    for (let round = 0; round < 300; round += 1) {
      const store = createMemoryObjectStore();
      await store.put(packKey(pack), bytes);
      const turns = hookStore(store, {
        async before() {
          for (let turn = Math.floor(Math.random() * 4); turn > 0; turn -= 1)
            await Promise.resolve();
        },
      });
      await Promise.all([
        quarantinePack(turns, pack),
        rescuePack(turns, pack),
        quarantinePack(turns, pack),
        rescuePack(turns, pack),
      ]);
      expect((await keysOf(store, '')).length, `round ${round}`).toBeGreaterThan(0);
    }
  });

  it('that is in neither place is told to be', async () => {
    const store = createMemoryObjectStore();
    expect(await rescuePack(store, pack)).toBe(false);
    expect(await quarantinePack(store, pack)).toBe(false);
    expect(await keysOf(store, '')).toEqual([]);
  });
});
