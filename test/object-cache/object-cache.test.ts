import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createObjectCache, type ObjectCache } from '../../src/object-cache/object-cache.ts';
import type { ObjectUsage } from '../../src/object-cache/object-usage.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

const signal = new AbortController().signal;
const largeBytes = 2 * 1024 ** 2;

const usage: ObjectUsage = {
  used: () => {},
  dropped: () => {},
  free: async () => {},
  put: (_entry, write) => write(),
};

interface Opened {
  readonly cache: ObjectCache;
  readonly objects: ObjectStore;
  readonly problems: string[];
}

/** With nothing in memory, so that each reading is one of the store. */
function open(given: Partial<ObjectUsage> = {}): Opened {
  const objects = createMemoryObjectStore();
  const problems: string[] = [];
  const cache = createObjectCache({
    objects,
    hotBytes: 0,
    usage: { ...usage, ...given },
    onProblem: ({ message }) => problems.push(message),
  });
  return { cache, objects, problems };
}

it.each([1_000, largeBytes])(
  'an object of %i bytes stays, whatever size somebody states for it',
  async (sizeBytes) => {
    const { cache, objects } = open();
    const bytes = Buffer.alloc(sizeBytes, 5);
    await objects.put('blobs/a', bytes);
    for (const stated of [10, 5_000, 3 * largeBytes])
      expect(await cache.find('blobs/a', { sizeBytes: stated })).toBeNull();
    expect((await objects.get('blobs/a')).equals(bytes)).toBe(true);
    // Who brings other bytes for it replaces it.
    await cache.store('blobs/a', { kind: 'memory', bytes: bytes.subarray(1) });
    expect(await cache.find('blobs/a', { sizeBytes: sizeBytes - 1 })).not.toBeNull();
  },
);

it('an object that has its digest is not damaged by a size that was stated wrongly', async () => {
  const { cache, objects, problems } = open();
  const bytes = Buffer.from('right');
  await objects.put('blobs/a', bytes);
  const hex = createHash('sha256').update(bytes).digest('hex');
  const digest = { algorithm: 'sha256', hex } as const;
  expect(await cache.find('blobs/a', { sizeBytes: 4, digest })).toBeNull();
  expect(problems).toEqual([]);
  expect(await cache.find('blobs/a', { sizeBytes: 5, digest })).toEqual({ kind: 'bytes', bytes });
  const other = { algorithm: 'sha256', hex: '0'.repeat(64) } as const;
  expect(await cache.find('blobs/a', { digest: other })).toBeNull();
  expect(await objects.head('blobs/a')).toBeNull();
});

it('what is not kept for want of room is named', async () => {
  const { cache, problems } = open({ put: async () => 'no-room' });
  const body = { kind: 'memory', bytes: Buffer.alloc(1) } as const;
  expect((await cache.store('blobs/a', body)).kind).toBe('not-kept');
  expect(problems).toEqual([expect.stringContaining('blobs/a')]);
});

it('room that cannot be made is told of, and is no fault of any object', async () => {
  const { cache, objects, problems } = open({
    free: () => Promise.reject(new AshlarError('store_unreachable', 'the store is away')),
  });
  await cache.free(1);
  expect(problems).toEqual(['the store is away']);
  await objects.put('blobs/a', Buffer.alloc(largeBytes));
  const found = await cache.find('blobs/a');
  if (found === null) throw new TypeError('not found');
  const read: Buffer[] = [];
  for await (const piece of cache.pieces(found, signal)) read.push(piece);
  expect(Buffer.concat(read)).toHaveLength(largeBytes);
});
