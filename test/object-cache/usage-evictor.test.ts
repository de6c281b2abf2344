import { fork } from 'node:child_process';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createEvictor,
  type Evictor,
  type EvictorOptions,
} from '../../src/object-cache/usage/usage-evictor.ts';
import { openUsageIndex, type UsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { hookStore, keysOf, type StoreHooks } from '../support/hooked-store.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('usage-evictor');
let files = 0;

function newFile(): string {
  files += 1;
  return join(scratch, `${files}.sqlite`);
}

interface Cache extends Disposable {
  readonly clock: { now: number };
  readonly store: ObjectStore;
  readonly usage: UsageIndex;
  readonly evictor: Evictor;
  /** Records and stores 100 bytes, a second after what came before. */
  add(key: string, refersTo?: readonly string[]): Promise<void>;
  keys(): Promise<string[]>;
}

type CacheOptions = Partial<EvictorOptions> & {
  readonly hooks?: StoreHooks;
  readonly file?: string;
};

function openCache(options: CacheOptions = {}): Cache {
  const clock = { now: 1_000_000 };
  const nowMs = (): number => clock.now;
  const inner = createMemoryObjectStore({ nowMs });
  const store = hookStore(inner, options.hooks ?? {});
  const usage = openUsageIndex(options.file ?? newFile(), { nowMs });
  const defaults = { store, usage, maxBytes: 1000, spareMs: 0, nowMs };
  const evictor = createEvictor({ ...defaults, ...options });
  return {
    clock,
    store,
    usage,
    evictor,
    keys: () => keysOf(inner, ''),
    async add(key, refersTo = []) {
      clock.now += 1000;
      usage.record({ key, sizeBytes: 100, refersTo });
      await inner.put(key, Buffer.alloc(100));
      clock.now += 1;
    },
    [Symbol.dispose]: () => usage[Symbol.dispose](),
  };
}

async function fill(cache: Cache, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await cache.add(`k${index}`);
}

describe('evictor', () => {
  it('deletes nothing while there is room', async () => {
    using cache = openCache();
    await fill(cache, 9);
    expect(await cache.evictor.makeRoom(100)).toBe(true);
    expect(await cache.keys()).toHaveLength(9);
  });

  it('deletes what was not used for longest, down to the share that is kept', async () => {
    using cache = openCache({ keepShare: 0.8 });
    await fill(cache, 10);
    cache.clock.now += 1000;
    cache.usage.touch('k0');
    expect(await cache.evictor.makeRoom(100)).toBe(true);
    expect(await cache.keys()).toEqual(['k0', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9']);
    expect(cache.usage.totalBytes()).toBe(700);
    expect(cache.evictor.counts()).toEqual({ objects: 3, bytes: 300, spared: 0 });
  });

  it('refuses what is larger than the cache, and deletes nothing for it', async () => {
    using cache = openCache();
    await fill(cache, 9);
    expect(await cache.evictor.makeRoom(1001)).toBe(false);
    expect(await cache.keys()).toHaveLength(9);
    expect(await cache.evictor.makeRoom(1000)).toBe(true);
    expect(await cache.keys()).toEqual([]);
  });

  it('deletes the referrer first, and what it refers to once nothing else does', async () => {
    const deleted: string[] = [];
    const hooks = {
      before: (call: string, key: string) => void (call === 'delete' && deleted.push(key)),
    };
    using cache = openCache({ hooks });
    await cache.add('blob-1');
    await cache.add('record-1', ['blob-1']);
    await cache.add('blob-2');
    await cache.add('record-2', ['blob-2']);
    await cache.add('record-3', ['blob-2']);
    await fill(cache, 5);
    expect(await cache.evictor.free(150)).toBe(true);
    expect(deleted).toEqual(['record-1', 'blob-1']);
    expect(await cache.evictor.free(50)).toBe(true);
    expect(deleted.slice(2)).toEqual(['record-2']);
    expect(await cache.evictor.free(101)).toBe(true);
    expect(deleted.slice(3)).toEqual(['record-3', 'blob-2']);
  });

  it('keeps what was used just now, and what a record that was used just now refers to', async () => {
    using cache = openCache({ spareMs: 500 });
    await cache.add('blob-1');
    await cache.add('record-1', ['blob-1']);
    await cache.add('old');
    cache.clock.now += 10_000;
    cache.usage.touch('record-1');
    await cache.add('young');
    cache.clock.now -= 900;
    expect(await cache.evictor.free(10_000)).toBe(false);
    expect(await cache.keys()).toEqual(['blob-1', 'record-1', 'young']);
    cache.clock.now += 10_000;
    await cache.evictor.free(10_000);
    expect(await cache.keys()).toEqual([]);
  });

  it('spares what is recorded or referred to again before its turn comes', async () => {
    const hooks: StoreHooks = {
      before(call, key) {
        if (call !== 'head' || key !== 'k0') return;
        cache.usage.record({ key: 'k2', sizeBytes: 100 });
        cache.usage.record({ key: 'new', sizeBytes: 1, refersTo: ['k3'] });
      },
    };
    using cache = openCache({ hooks });
    await fill(cache, 6);
    cache.clock.now += 1000;
    await cache.evictor.free(500);
    expect(await cache.keys()).toEqual(['k2', 'k3']);
    expect(cache.evictor.counts()).toMatchObject({ objects: 4, spared: 2 });
    expect(cache.usage.totalBytes()).toBe(201);
  });

  it('spares what another host has stored anew, and forgets what one has deleted', async () => {
    using cache = openCache({ spareMs: 100 });
    await fill(cache, 4);
    cache.clock.now += 5_000;
    await cache.store.replace('k0', Buffer.alloc(100));
    await cache.store.delete('k1');
    cache.clock.now += 5_000;
    await cache.evictor.free(200);
    expect(await cache.keys()).toEqual(['k0', 'k3']);
    expect(cache.usage.totalBytes()).toBe(200);
    expect(cache.usage.leastRecentlyUsed(9).map(({ key }) => key)).toEqual(['k3', 'k0']);
  });

  it('counts again what it could not delete', async () => {
    const hooks: StoreHooks = {
      before(call, key) {
        if (call === 'delete' && key === 'k2') throw new Error('the store is away');
      },
    };
    using cache = openCache({ hooks });
    await fill(cache, 6);
    await expect(cache.evictor.free(600)).rejects.toThrow('the store is away');
    expect(await cache.keys()).toEqual(['k2', 'k3', 'k4', 'k5']);
    expect(cache.usage.totalBytes()).toBe(400);
  });

  it('takes up what an evictor that died had taken', async () => {
    const file = newFile();
    using cache = openCache({ file });
    await fill(cache, 4);
    using dead = openUsageIndex(file, { nowMs: () => cache.clock.now });
    dead.victims.choose({
      neededBytes: () => 200,
      unusedSinceMs: cache.clock.now,
    });
    expect(cache.usage.totalBytes()).toBe(200);
    cache.clock.now += 59_000;
    await cache.evictor.free(10);
    expect(await cache.keys()).toEqual(['k0', 'k1', 'k3']);
    cache.clock.now += 2_000;
    await cache.evictor.free(200);
    expect(await cache.keys()).toEqual(['k3']);
  });

  it('evicts nothing that a listing found before the listing is complete', async () => {
    using cache = openCache();
    for (const key of ['blobs/a', 'records/a']) await cache.store.put(key, Buffer.alloc(100));
    cache.clock.now += 1000;
    const evicted: boolean[] = [];
    await cache.usage.reconcile({
      store: cache.store,
      prefixes: ['blobs/', 'records/'],
      async referencesOf(key) {
        evicted.push(await cache.evictor.free(1));
        return key === 'records/a' ? ['blobs/a'] : [];
      },
    });
    expect(evicted).toEqual([false, false]);
    expect(await cache.evictor.free(101)).toBe(true);
    expect(await cache.keys()).toEqual([]);
  });

  it('makes room for many at once, without deleting more than they need', async () => {
    using cache = openCache({ maxBytes: 10_000, keepShare: 1 });
    await fill(cache, 100);
    const rooms = Array.from({ length: 30 }, async (_, index) => {
      expect(await cache.evictor.makeRoom(100)).toBe(true);
      await cache.add(`new-${index}`);
    });
    await Promise.all(rooms);
    expect(cache.usage.totalBytes()).toBeGreaterThanOrEqual(9_900);
    expect(cache.usage.totalBytes()).toBeLessThanOrEqual(13_000);
  });
});

describe('evictor: several processes', () => {
  it('deletes together what is needed once', async () => {
    const url = pathToFileURL(join(scratch, 'store')).href;
    const file = newFile();
    const store = await openObjectStore(url);
    const sizeBytes = 1000;
    const count = 200;
    {
      let now = Date.now() - 1_000_000;
      using usage = openUsageIndex(file, { nowMs: () => (now += 1000) });
      for (let index = 0; index < count; index += 1) {
        const key = `blobs/${1000 + index}`;
        usage.record({ key, sizeBytes });
        await store.put(key, Buffer.alloc(sizeBytes));
        await utimes(join(scratch, 'store', key), 1, 1);
      }
    }
    const children = Array.from({ length: 4 }, () =>
      fork(join(import.meta.dirname, 'evict-worker.ts'), [
        url,
        file,
        String((count * sizeBytes) / 2),
      ]),
    );
    await Promise.all(children.map((child) => once(child, 'message')));
    const exits = children.map((child) => once(child, 'exit'));
    for (const child of children) child.send('go');
    expect(await Promise.all(exits)).toEqual(children.map(() => [0, null]));
    using usage = openUsageIndex(file);
    const left = await keysOf(store, 'blobs/');
    expect(usage.totalBytes()).toBe(left.length * sizeBytes);
    // Half stays, less what one batch of each process may take beyond the need of the others.
    expect(left.length).toBeLessThanOrEqual(count / 2);
    expect(left.length).toBeGreaterThanOrEqual(count / 2 - 4);
    expect(left).toEqual(
      Array.from(
        { length: left.length },
        (_, index) => `blobs/${1000 + count - left.length + index}`,
      ),
    );
  });
});
