import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openUsageIndex, type UsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { hookStore } from '../support/hooked-store.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('usage-index');
let files = 0;

function newFile(): string {
  files += 1;
  return join(scratch, `${files}`, 'usage.sqlite');
}

interface Clock {
  now: number;
}

function open(file: string, clock: Clock): UsageIndex {
  return openUsageIndex(file, { nowMs: () => clock.now, flushMs: 60_000 });
}

function oldest(usage: UsageIndex): string[] {
  return usage.leastRecentlyUsed(100).map(({ key }) => key);
}

const reading = {
  prefixes: ['records/', 'blobs/'],
  async referencesOf(key: string) {
    return key.startsWith('records/') ? [`blobs/${key.slice(-1)}`] : [];
  },
};

async function storeWith(keys: readonly string[]): Promise<ObjectStore> {
  let now = 1000;
  const store = createMemoryObjectStore({ nowMs: () => now });
  for (const key of keys) {
    await store.put(key, Buffer.alloc(10));
    now += 1000;
  }
  return store;
}

describe('usage index', () => {
  it('knows sizes, total and order of use, also in another process', () => {
    const clock = { now: 1000 };
    const file = newFile();
    {
      using usage = open(file, clock);
      expect(usage.totalBytes()).toBe(0);
      expect(usage.record({ key: 'a', sizeBytes: 10 })).toBe('new');
      clock.now += 1;
      usage.record({ key: 'b', sizeBytes: 20 });
      clock.now += 1;
      expect(usage.record({ key: 'c', sizeBytes: 5 })).toBe('new');
      expect(usage.record({ key: 'c', sizeBytes: 30 })).toBe('known');
      expect(usage.totalBytes()).toBe(60);
      clock.now += 1;
      usage.touch('a');
      usage.touch('none');
    }
    using usage = open(file, clock);
    expect(oldest(usage)).toEqual(['b', 'c', 'a']);
    usage.forget('b');
    usage.forget('b');
    expect(usage.totalBytes()).toBe(40);
    expect(usage.leastRecentlyUsed(1)).toEqual([{ key: 'c', sizeBytes: 30, usedMs: 1002 }]);
  });

  it('never moves a use back', () => {
    const clock = { now: 5000 };
    using usage = open(newFile(), clock);
    usage.record({ key: 'a', sizeBytes: 1 });
    clock.now = 3000;
    usage.touch('a');
    usage.record({ key: 'a', sizeBytes: 1 });
    expect(usage.leastRecentlyUsed(1)[0]?.usedMs).toBe(5000);
  });

  it('offers nothing that something refers to, and counts its use', () => {
    const clock = { now: 1 };
    using usage = open(newFile(), clock);
    usage.record({ key: 'blob', sizeBytes: 100 });
    clock.now = 2;
    usage.record({ key: 'r1', sizeBytes: 1, refersTo: ['blob'] });
    usage.record({ key: 'r2', sizeBytes: 1, refersTo: ['blob'] });
    clock.now = 3;
    usage.record({ key: 'other', sizeBytes: 1 });
    clock.now = 4;
    usage.touch('r1');
    expect(oldest(usage)).toEqual(['r2', 'other', 'r1']);
    usage.forget('r2');
    usage.record({ key: 'r1', sizeBytes: 1, refersTo: ['another'] });
    expect(usage.leastRecentlyUsed(9).map(({ key, usedMs }) => [key, usedMs])).toEqual([
      ['other', 3],
      ['blob', 4],
      ['r1', 4],
    ]);
  });

  it('writes what was touched by itself, after a while', async () => {
    const clock = { now: 1 };
    const file = newFile();
    using usage = openUsageIndex(file, { nowMs: () => clock.now, flushMs: 20 });
    using other = open(file, clock);
    usage.record({ key: 'a', sizeBytes: 1 });
    clock.now = 2;
    usage.touch('a');
    await expect.poll(() => other.leastRecentlyUsed(1)[0]?.usedMs).toBe(2);
  });
});

describe('usage index: what the store says', () => {
  it('learns what a store holds, and what refers to what', async () => {
    const store = await storeWith(['blobs/a', 'blobs/b', 'blobs/o', 'records/x/b', 'records/x/a']);
    await store.put('elsewhere/one', Buffer.alloc(1000));
    using usage = open(newFile(), { now: 10_000 });
    expect(usage.isComplete()).toBe(false);
    await usage.reconcile({ store, ...reading });
    expect(usage.isComplete()).toBe(true);
    expect(usage.totalBytes()).toBe(50);
    expect(oldest(usage)).toEqual(['blobs/o', 'records/x/b', 'records/x/a']);
    usage.forget('records/x/b');
    // The blob stands where its referrer stood.
    expect(oldest(usage)).toEqual(['blobs/o', 'blobs/b', 'records/x/a']);
  });

  it('forgets what is gone, keeps what it knew better, and what is being stored', async () => {
    const store = await storeWith(['blobs/a', 'blobs/b']);
    const clock = { now: 50_000 };
    using usage = open(newFile(), clock);
    usage.record({ key: 'blobs/a', sizeBytes: 3 });
    usage.record({ key: 'blobs/gone', sizeBytes: 500 });
    clock.now += 10;
    const storing = hookStore(store, {
      before: () => void usage.record({ key: 'blobs/new', sizeBytes: 7 }),
    });
    await usage.reconcile({ store: storing, ...reading });
    expect(usage.leastRecentlyUsed(9)).toEqual([
      { key: 'blobs/b', sizeBytes: 10, usedMs: 2000 },
      { key: 'blobs/a', sizeBytes: 10, usedMs: 50_000 },
      { key: 'blobs/new', sizeBytes: 7, usedMs: 50_010 },
    ]);
    expect(usage.totalBytes()).toBe(27);
  });

  it('agrees with itself when several list at once', async () => {
    const keys = Array.from({ length: 450 }, (_, index) => `blobs/${1000 + index}`);
    const store = await storeWith(keys);
    const file = newFile();
    using one = open(file, { now: 1_000_000 });
    using two = open(file, { now: 1_000_000 });
    await Promise.all([
      one.reconcile({ store, ...reading }),
      two.reconcile({ store, ...reading }),
      one.reconcile({ store, ...reading }),
    ]);
    expect(one.totalBytes()).toBe(4500);
    expect(oldest(two)).toEqual(keys.slice(0, 100));
  });

  it('ends a listing with the reason of its signal, and is not complete', async () => {
    using usage = open(newFile(), { now: 1 });
    const reason = new Error('left');
    const signal = AbortSignal.abort(reason);
    const store = await storeWith(['blobs/a']);
    await expect(usage.reconcile({ store, ...reading, signal })).rejects.toBe(reason);
    expect(usage.isComplete()).toBe(false);
  });
});

describe('usage index: files that cannot be used', () => {
  it.each(['cut', 'overwritten', 'of another kind'])('begins one that is %s anew', async (how) => {
    const file = newFile();
    const store = await storeWith(['blobs/a']);
    {
      using usage = open(file, { now: 10_000 });
      for (let index = 0; index < 500; index += 1)
        usage.record({ key: `blobs/key-${index}`, sizeBytes: 1 });
      await usage.reconcile({ store, ...reading });
    }
    if (how === 'cut') truncateSync(file, 10_000);
    if (how === 'overwritten') {
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0xa5, 4096));
    }
    if (how === 'of another kind') writeFileSync(file, 'no database\n'.repeat(1000));
    using usage = open(file, { now: 10_000 });
    usage.record({ key: 'blobs/b', sizeBytes: 5 });
    expect(usage.isComplete()).toBe(false);
    await usage.reconcile({ store, ...reading });
    expect(usage.totalBytes()).toBe(15);
  });

  it('names a place where no file can be', () => {
    const file = join(newFile(), 'below');
    writeFileSync(join(scratch, 'plain'), '');
    expect(() => open(join(scratch, 'plain', 'usage.sqlite'), { now: 1 })).toThrow(
      expect.objectContaining({ code: 'home_unusable' }),
    );
    using usage = open(file, { now: 1 });
    expect(usage.totalBytes()).toBe(0);
  });
});
