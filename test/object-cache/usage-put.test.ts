import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createEvictor } from '../../src/object-cache/usage/usage-evictor.ts';
import { openUsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import { putWithRoom } from '../../src/object-cache/usage/usage-put.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { keysOf } from '../support/hooked-store.ts';
import { scratchDir } from '../support/scratch.ts';
import { mountTmpfs, whyNoMount } from '../support/tmpfs-mount.ts';

const scratch = scratchDir('usage-put');
const noMount = await whyNoMount();
const suffix = noMount === null ? '' : ` (skipped: ${noMount})`;

describe('putWithRoom', () => {
  it('keeps a cache below its limit', async () => {
    let now = 1;
    const nowMs = (): number => (now += 10);
    using usage = openUsageIndex(join(scratch, 'limit.sqlite'), { nowMs });
    const store = createMemoryObjectStore({ nowMs });
    const limits = { maxBytes: 10_000, spareMs: 0, nowMs };
    const evictor = createEvictor({ store, usage, ...limits });
    for (let index = 0; index < 100; index += 1) {
      const key = `k${index}`;
      const put = (): Promise<'created' | 'exists'> => store.put(key, Buffer.alloc(700));
      expect(await putWithRoom({ usage, evictor }, { key, sizeBytes: 700, put })).toBe('created');
      expect(usage.totalBytes()).toBeLessThanOrEqual(10_000);
    }
    const keys = await keysOf(store, '');
    expect(keys).toContain('k99');
    expect(keys.length * 700).toBe(usage.totalBytes());
    const put = (): Promise<'created' | 'exists'> => store.put('large', Buffer.alloc(1));
    expect(await putWithRoom({ usage, evictor }, { key: 'large', sizeBytes: 10_001, put })).toBe(
      'no-room',
    );
    expect(await store.head('large')).toBeNull();
  });

  it('forgets what could not be stored, and tells why', async () => {
    using usage = openUsageIndex(join(scratch, 'failing.sqlite'));
    const store = createMemoryObjectStore();
    const evictor = createEvictor({ store, usage, maxBytes: 1000 });
    const failure = new AshlarError('store_unreachable', 'the store is away');
    const put = (): Promise<never> => Promise.reject(failure);
    const entry = { key: 'a', sizeBytes: 10, put };
    await expect(putWithRoom({ usage, evictor }, entry)).rejects.toBe(failure);
    expect(usage.has('a')).toBe(false);
    const full = new AshlarError('store_full', 'no space');
    const filling = { key: 'b', sizeBytes: 10, put: () => Promise.reject(full) };
    expect(await putWithRoom({ usage, evictor }, filling)).toBe('no-room');
    expect(usage.has('b')).toBe(false);
  });
});

describe.skipIf(noMount !== null)(`putWithRoom on a full disk${suffix}`, () => {
  it('evicts, stores, and lets pass what does not fit', async () => {
    await using mount = await mountTmpfs(6 * 1024 * 1024);
    let now = Date.now() - 1_000_000;
    using usage = openUsageIndex(join(mount.path, 'usage.sqlite'), { nowMs: () => (now += 1000) });
    const store = await openObjectStore(pathToFileURL(join(mount.path, 'store')).href);
    // The store's own clock runs ahead of the index's here, so that what was just stored may go.
    const limits = {
      maxBytes: Number.POSITIVE_INFINITY,
      spareMs: 10_000_000,
    };
    const evictor = createEvictor({ store, usage, ...limits, nowMs: () => now + 20_000_000 });
    const put = async (index: number, sizeBytes: number): Promise<string> => {
      const key = `blobs/${1000 + index}`;
      const bytes = randomBytes(sizeBytes);
      return putWithRoom({ usage, evictor }, { key, sizeBytes, put: () => store.put(key, bytes) });
    };
    for (let index = 0; index < 60; index += 1) expect(await put(index, 300_000)).toBe('created');
    expect(evictor.counts().objects).toBeGreaterThan(30);
    const keys = await keysOf(store, 'blobs/');
    expect(keys.at(-1)).toBe('blobs/1059');
    expect(usage.totalBytes()).toBe(keys.length * 300_000);
    expect(await put(60, 7_000_000)).toBe('no-room');
    expect(await put(61, 300_000)).toBe('created');
  });

  it('evicts when not even the index can be written any more', async () => {
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const now = Date.now() + 1_000_000;
    using usage = openUsageIndex(join(mount.path, 'usage.sqlite'));
    const store = await openObjectStore(pathToFileURL(join(mount.path, 'store')).href);
    for (const key of ['blobs/a', 'blobs/b', 'blobs/c']) {
      usage.record({ key, sizeBytes: 500_000 });
      await store.put(key, Buffer.alloc(500_000));
    }
    const ballast = join(mount.path, 'ballast');
    await writeFile(ballast, Buffer.alloc(5_000_000)).catch(() => {});
    // Until SQLite itself has no room.
    expect(() => {
      for (let index = 0; ; index += 1)
        usage.record({ key: `filler/${index}/${'x'.repeat(500)}`, sizeBytes: 0 });
    }).toThrow(expect.objectContaining({ code: 'disk_full' }));
    const limits = { maxBytes: Number.POSITIVE_INFINITY };
    const evictor = createEvictor({ store, usage, ...limits, nowMs: () => now });
    const entry = { key: 'blobs/d', sizeBytes: 400_000 };
    const put = (): Promise<'created' | 'exists'> => store.put('blobs/d', Buffer.alloc(400_000));
    expect(await putWithRoom({ usage, evictor }, { ...entry, put })).toBe('created');
    expect(usage.has('blobs/d')).toBe(true);
    await rm(ballast);
  });

  it('closes the index, and only tells that what was used last is not written', async () => {
    await using mount = await mountTmpfs(2 * 1024 * 1024);
    const problems: unknown[] = [];
    const file = join(mount.path, 'usage.sqlite');
    const usage = openUsageIndex(file, { onProblem: (error) => problems.push(error) });
    expect(() => {
      for (let index = 0; ; index += 1)
        usage.record({ key: `filler/${index}/${'x'.repeat(500)}`, sizeBytes: 0 });
    }).toThrow(expect.objectContaining({ code: 'disk_full' }));
    for (let index = 0; index < 300; index += 1) usage.touch(`filler/${index}/${'x'.repeat(500)}`);
    usage[Symbol.dispose]();
    expect(problems).toMatchObject([{ code: 'disk_full' }]);
  });
});
