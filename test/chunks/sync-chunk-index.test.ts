import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChunkIndex } from '../../src/chunks/chunk-index.ts';
import { syncChunkIndex } from '../../src/chunks/sync-chunk-index.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { createFsObjectStore } from '../../src/store/fs-object-store.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { digestInKey } from '../../src/store/store-paths.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { pattern } from '../support/awkward-tree.ts';
import { scratchDir } from '../support/scratch.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { failureOf } from '../support/failures.ts';
import { writeSample } from '../image/support/sample-image.ts';
import { addAll, makeChunks, startSession } from './support.ts';

const scratch = scratchDir('sync');
const whyNoS3 = await whyNoCephRgw();
const stack = new AsyncDisposableStack();
let openS3: (() => Promise<ObjectStore>) | undefined;

beforeAll(async () => {
  if (whyNoS3 !== null) return;
  const rgw = stack.use(await startCephRgw());
  await createBucket(rgw, 'sync');
  const { endpoint, credentials } = rgw;
  const prefix = `${randomUUID()}/`;
  openS3 = () =>
    createS3ObjectStore({ kind: 's3', bucket: 'sync', prefix, endpoint }, { credentials });
});
afterAll(() => stack.disposeAsync());

const files = {
  'etc/small': Buffer.from('a small file'),
  'usr/large': pattern(3_000_000),
};

/** Two machines: the same store, each with an index of its own. */
async function expectDedup(open: () => Promise<ObjectStore>): Promise<void> {
  const homes = await createTempDir(scratch, 'homes');
  const first = await open();
  using one = createImageStore(first, join(homes.path, 'one'));
  const written = await writeSample(one, files);
  const metered = meterObjectStore(await open());
  using two = createImageStore(metered, join(homes.path, 'two'));
  const writer = two.createWriter();
  const again = await writeSample(two, files, { writer });
  expect(again.digest).toBe(written.digest);
  expect(writer.stats).toMatchObject({ newBlobs: 0, newStoredBytes: 0 });
  const { list, get, put, getRange } = metered.counts();
  expect([list.calls, get.calls]).toEqual([1, 0]);
  // The root alone, which the store has already; of each pack only its end was read.
  expect(put.calls).toBe(1);
  const packs = await keysOf(first, 'packs/');
  expect(getRange.calls).toBe(packs.length);
  expect(getRange.bytes).toBeLessThan(packs.length * 65_537);
}

describe('a second machine', () => {
  it('stores nothing anew that the first has stored: directory', async () => {
    const { path } = await createTempDir(scratch, 'store');
    await expectDedup(() => createFsObjectStore(path));
  });

  it.skipIf(whyNoS3 !== null)(
    `stores nothing anew that the first has stored: S3${whyNoS3 === null ? '' : ` (${whyNoS3})`}`,
    async () => {
      if (openS3 === undefined) throw new Error('the gateway is not running');
      await expectDedup(openS3);
    },
  );

  it('pays nothing when it has nothing new', async () => {
    const store = createMemoryObjectStore();
    using one = createImageStore(store, null);
    await writeSample(one, files);
    const metered = meterObjectStore(store);
    using two = createImageStore(metered, null);
    await two.createWriter().flush();
    expect(Object.values(metered.counts()).every(({ calls }) => calls === 0)).toBe(true);
  });

  it('looks once, however many sessions of writing it has', async () => {
    const store = createMemoryObjectStore();
    const metered = meterObjectStore(store);
    using imageStore = createImageStore(metered, null);
    await writeSample(imageStore, { a: Buffer.from('one') });
    await writeSample(imageStore, { a: Buffer.from('two') });
    expect(metered.counts().list.calls).toBe(1);
  });
});

describe('what is learned from a store', () => {
  async function storeWithPacks(count: number): Promise<ObjectStore> {
    let nowMs = 0;
    const store = createMemoryObjectStore({ nowMs: () => (nowMs += 1000) });
    const { writer } = startSession(store, { packBytes: 1 });
    await addAll(writer, makeChunks(count, 100));
    await writer.flush();
    expect(await keysOf(store, 'packs/')).toHaveLength(count);
    return store;
  }

  it('is bounded, the newest packs first, and goes on in the next session', async () => {
    const store = await storeWithPacks(30);
    using index = openChunkIndex(':memory:');
    expect(await syncChunkIndex({ store, index, maxPacks: 10 })).toBe(10);
    const infos = [];
    for await (const info of store.list('packs/')) infos.push(info);
    infos.sort((left, right) => right.modifiedMs - left.modifiedMs);
    const isKnown = infos.map(({ key }) => index.hasPack(digestInKey(key) ?? ('' as Digest)));
    expect(isKnown).toEqual([...Array(10).fill(true), ...Array(20).fill(false)]);
    expect(await syncChunkIndex({ store, index, maxPacks: 100 })).toBe(20);
    expect(await syncChunkIndex({ store, index, maxPacks: 100 })).toBe(0);
  });

  it('is not what damaged packs say: they are passed over, and not read again', async () => {
    const store = await storeWithPacks(6);
    const [cut = '', garbled = '', empty = '', footerless = ''] = await keysOf(store, 'packs/');
    await store.replace(cut, (await store.get(cut)).subarray(0, 70));
    await store.replace(garbled, Buffer.alloc(5000, 'x'));
    await store.replace(empty, Buffer.alloc(0));
    await store.replace(footerless, (await store.get(footerless)).subarray(0, -1));
    await store.put('packs/ab/not-a-pack.txt', Buffer.from('x'));
    using index = openChunkIndex(':memory:');
    expect(await syncChunkIndex({ store, index })).toBe(2);
    const metered = meterObjectStore(store);
    expect(await syncChunkIndex({ store: metered, index })).toBe(0);
    expect(metered.counts().getRange.calls).toBe(0);
  });

  it('is not what is moved to quarantine meanwhile', async () => {
    const store = await storeWithPacks(3);
    const [moved = ''] = await keysOf(store, 'packs/');
    const racing = hookStore(store, {
      async before(call, key) {
        if (call === 'getRange' && key === moved) await store.delete(key);
      },
    });
    using index = openChunkIndex(':memory:');
    expect(await syncChunkIndex({ store: racing, index })).toBe(2);
  });

  it('is no reason to go on when the store does not answer', async () => {
    const store = await storeWithPacks(3);
    const down = hookStore(store, {
      before(call) {
        if (call === 'getRange') throw new AshlarError('store_unreachable', 'down');
      },
    });
    using index = openChunkIndex(':memory:');
    expect((await failureOf(syncChunkIndex({ store: down, index }))).code).toBe(
      'store_unreachable',
    );
  });

  it('does not bring back a pack that was retired', async () => {
    const store = await storeWithPacks(2);
    using index = openChunkIndex(':memory:');
    await syncChunkIndex({ store, index });
    const [key = ''] = await keysOf(store, 'packs/');
    const pack = digestInKey(key);
    if (pack === null) throw new Error('no pack');
    index.retirePack(pack);
    expect(await syncChunkIndex({ store, index })).toBe(0);
  });
});
