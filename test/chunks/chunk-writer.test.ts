import { describe, expect, it } from 'vitest';
import { openChunkIndex } from '../../src/chunks/chunk-index.ts';
import { digestOf } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { packKey } from '../../src/store/store-paths.ts';
import { failureOf } from '../support/failures.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { addAll, locateAll, makeChunks, startSession } from './support.ts';

async function expectReadable(
  session: ReturnType<typeof startSession>,
  chunks: ReturnType<typeof makeChunks>,
): Promise<void> {
  for (const blob of locateAll(session.writer, chunks))
    expect((await session.reader.read(blob)).equals(chunks.get(blob.digest) ?? Buffer.of())).toBe(
      true,
    );
}

/** A store of which the n-th put of a pack, and all later ones, fail. */
function failingAt(nth: number, code: 'store_full' | 'store_unreachable'): ObjectStore {
  let puts = 0;
  return hookStore(createMemoryObjectStore(), {
    async before(call) {
      if (call !== 'put') return;
      puts += 1;
      const isFailure = puts >= nth;
      await new Promise((resolve) => setImmediate(resolve));
      if (isFailure) throw new AshlarError(code, `put number ${nth} fails`);
    },
  });
}

describe('a session of writing', () => {
  it('stores each chunk once, however often it is added', async () => {
    const store = createMemoryObjectStore();
    const session = startSession(store, { packBytes: 20_000 });
    const chunks = makeChunks(30);
    for (let round = 0; round < 3; round += 1) await addAll(session.writer, chunks);
    await session.writer.flush();
    await addAll(session.writer, chunks);
    await session.writer.flush();
    expect(session.writer.stats).toMatchObject({ newBlobs: 30, newPlainBytes: 30 * 4096 });
    expect(session.writer.stats.knownBlobs).toBe(90);
    expect(await keysOf(store, 'packs/')).toHaveLength(6);
    await expectReadable(session, chunks);
  });

  it('stores a chunk once that many add at the same time', async () => {
    const session = startSession(createMemoryObjectStore());
    const chunks = makeChunks(5);
    const adds = [...chunks].flatMap(([digest, chunk]) =>
      Array.from({ length: 20 }, () => session.writer.add(digest, Buffer.from(chunk))),
    );
    await Promise.all(adds);
    await session.writer.flush();
    expect(session.writer.stats).toMatchObject({ newBlobs: 5, knownBlobs: 95 });
    await expectReadable(session, chunks);
  });

  it('stores nothing that an earlier session with the same index stored', async () => {
    const store = createMemoryObjectStore();
    using index = openChunkIndex(':memory:');
    const chunks = makeChunks(10);
    const first = startSession(store, { index });
    await addAll(first.writer, chunks);
    await first.writer.flush();
    const metered = meterObjectStore(store);
    const second = startSession(metered, { index });
    await addAll(second.writer, chunks);
    await second.writer.flush();
    expect(second.writer.stats).toMatchObject({ newBlobs: 0, knownBlobs: 10 });
    expect(metered.counts()).toMatchObject({ put: { calls: 0 }, head: { calls: 1 } });
    await expectReadable(second, chunks);
  });

  it('learns from the store once, before the first chunk that it does not know', async () => {
    const store = createMemoryObjectStore();
    using index = openChunkIndex(':memory:');
    const known = makeChunks(3);
    const before = startSession(store, { index });
    await addAll(before.writer, known);
    await before.writer.flush();
    let learned = 0;
    const learn = async (): Promise<void> => {
      learned += 1;
    };
    const session = startSession(store, { index, learn });
    await addAll(session.writer, known);
    expect(learned).toBe(0);
    await Promise.all(
      [...makeChunks(20)].map(([digest, chunk]) => session.writer.add(digest, chunk)),
    );
    await session.writer.flush();
    expect(learned).toBe(1);
  });

  it('fails when learning fails, at each call', async () => {
    const learn = (): Promise<never> =>
      Promise.reject(new AshlarError('store_unreachable', 'cannot list'));
    const { writer } = startSession(createMemoryObjectStore(), { learn });
    const [first, second] = [...makeChunks(2)];
    for (const [digest, chunk] of [first ?? [], second ?? []]) {
      if (digest === undefined || chunk === undefined) throw new Error('no chunk');
      expect((await failureOf(writer.add(digest, chunk))).code).toBe('store_unreachable');
    }
  });
});

describe('a store that fails in mid-upload', () => {
  it.each([
    [1, 'store_full'],
    [2, 'store_unreachable'],
    [5, 'store_full'],
    [10, 'store_unreachable'],
  ] as const)('at pack %i with %s shows at add or flush, and nothing hangs', async (nth, code) => {
    const { writer } = startSession(failingAt(nth, code), { packBytes: 20_000 });
    const work = async (): Promise<void> => {
      await addAll(writer, makeChunks(47));
      await writer.flush();
    };
    expect((await failureOf(work)).code).toBe(code);
    // And goes on to fail: nobody may publish an image over what is not there.
    const [digest, chunk] = [...makeChunks(1)][0] ?? [];
    if (digest === undefined || chunk === undefined) throw new Error('no chunk');
    expect((await failureOf(writer.add(digest, chunk))).code).toBe(code);
    expect((await failureOf(writer.flush())).code).toBe(code);
  });

  it('shows to all who add at the same time', async () => {
    const { writer } = startSession(failingAt(1, 'store_full'), { packBytes: 8000 });
    const adds = [...makeChunks(200)].map(([digest, chunk]) => writer.add(digest, chunk));
    const outcomes = await Promise.allSettled(adds);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.length).toBeGreaterThan(100);
    for (const { reason } of failed) expect(reason).toMatchObject({ code: 'store_full' });
    expect((await failureOf(writer.flush())).code).toBe('store_full');
  });

  it('is not waited for by a session that is given up', async () => {
    const asked = Promise.withResolvers<void>();
    const failing = hookStore(createMemoryObjectStore(), {
      before(call) {
        if (call !== 'put') return;
        asked.resolve();
        throw new AshlarError('store_full', 'no');
      },
    });
    const { writer, index } = startSession(failing, { packBytes: 8000 });
    for (const [digest, chunk] of makeChunks(4)) await writer.add(digest, chunk);
    index[Symbol.dispose]();
    await asked.promise;
    // An unhandled rejection would end the test run with an error.
    await new Promise(setImmediate);
  });
});

describe('a session that is abandoned', () => {
  /** A store whose puts wait until they are let go, and then fail if told so. */
  function heldUp(failure?: AshlarError) {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const puts = { begun: 0, ended: 0 };
    const store = hookStore(createMemoryObjectStore(), {
      async before(call) {
        if (call !== 'put') return;
        puts.begun += 1;
        begun.resolve();
        await go.promise;
        puts.ended += 1;
        if (failure !== undefined) throw failure;
      },
    });
    return { store, puts, begun: begun.promise, letGo: () => go.resolve() };
  }

  it.each([
    ['succeeds', undefined],
    ['fails', new AshlarError('store_full', 'no')],
  ])('waits for what is under way, and begins no pack more: the upload %s', async (_, failure) => {
    const { store, puts, begun, letGo } = heldUp(failure);
    const { writer } = startSession(store, { packBytes: 20_000 });
    const adding = Promise.allSettled(
      [...makeChunks(60)].map(([digest, chunk]) => writer.add(digest, chunk)),
    );
    await begun;
    // More packs than can be uploaded at once wait for their turn.
    await new Promise((resolve) => setImmediate(resolve));
    const { begun: before } = puts;
    let isOver = false;
    const abandoned = writer.abandon().then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    letGo();
    await abandoned;
    expect(puts).toEqual({ begun: before, ended: before });
    await adding;
    expect(puts.begun).toBe(before);
  });

  it('takes nothing more, and closes no pack that was begun', async () => {
    const store = createMemoryObjectStore();
    const { writer } = startSession(store);
    const [first, second] = [...makeChunks(2)];
    if (first === undefined || second === undefined) throw new Error('no chunks');
    await writer.add(...first);
    await writer.abandon();
    expect((await failureOf(writer.add(...second))).code).toBe('interrupted');
    expect((await failureOf(writer.flush())).code).toBe('interrupted');
    expect(await keysOf(store, 'packs/')).toEqual([]);
    await writer.abandon();
  });

  it('takes no chunk whose adding had begun', async () => {
    const learned = Promise.withResolvers<void>();
    const store = createMemoryObjectStore();
    const { writer } = startSession(store, { learn: () => learned.promise });
    const [first] = [...makeChunks(1)];
    if (first === undefined) throw new Error('no chunk');
    const added = failureOf(writer.add(...first));
    await writer.abandon();
    learned.resolve();
    expect((await added).code).toBe('interrupted');
  });
});

describe('an index that is wrong about the store', () => {
  it('has said that a pack is there which is gone: the chunk is stored again', async () => {
    const store = createMemoryObjectStore();
    using index = openChunkIndex(':memory:');
    const chunks = makeChunks(10);
    const first = startSession(store, { index });
    await addAll(first.writer, chunks);
    await first.writer.flush();
    for (const key of await keysOf(store, 'packs/')) await store.delete(key);
    const second = startSession(store, { index });
    await addAll(second.writer, chunks);
    await second.writer.flush();
    expect(second.writer.stats.newBlobs).toBe(10);
    await expectReadable(second, chunks);
    const packs = new Set(locateAll(second.writer, chunks).map(({ location }) => location.pack));
    expect(await second.shelf.findMissing(packs)).toEqual([]);
  });

  it('does not know a pack that is there: the same pack is written again, over damage too', async () => {
    const store = createMemoryObjectStore();
    const chunks = makeChunks(10);
    const write = async (): Promise<ReturnType<typeof startSession>> => {
      const session = startSession(store);
      await addAll(session.writer, chunks);
      await session.writer.flush();
      return session;
    };
    await write();
    const [key = ''] = await keysOf(store, 'packs/');
    const good = await store.get(key);
    for (const bad of [flipped(good, 1000), good.subarray(0, 100), Buffer.alloc(0)]) {
      await store.replace(key, bad);
      await expectReadable(await write(), chunks);
      expect((await store.get(key)).equals(good)).toBe(true);
    }
    expect(await keysOf(store, 'packs/')).toEqual([key]);
  });

  it('does not write a pack twice that is there and good', async () => {
    const store = createMemoryObjectStore();
    const chunks = makeChunks(10);
    const first = startSession(store);
    await addAll(first.writer, chunks);
    await first.writer.flush();
    const metered = meterObjectStore(store);
    const second = startSession(metered);
    await addAll(second.writer, chunks);
    await second.writer.flush();
    expect(metered.counts().replace.calls).toBe(0);
    await expectReadable(second, chunks);
  });
});

describe('locations from elsewhere', () => {
  it('spare a look into the index, and are left when the pack is gone', async () => {
    const store = createMemoryObjectStore();
    const chunks = makeChunks(4);
    const first = startSession(store);
    await addAll(first.writer, chunks);
    await first.writer.flush();
    const known = new Map(
      locateAll(first.writer, chunks).map(({ digest, location }) => [digest, location]),
    );
    const second = startSession(store);
    second.writer.know(known);
    await addAll(second.writer, chunks);
    expect(second.writer.stats).toMatchObject({ newBlobs: 0, knownBlobs: 4 });
    const third = startSession(store);
    third.writer.know(known);
    for (const { pack } of known.values()) await store.delete(packKey(pack));
    await addAll(third.writer, chunks);
    await third.writer.flush();
    expect(third.writer.stats.newBlobs).toBe(4);
    await expectReadable(third, chunks);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  expect(digestOf(copy)).not.toBe(digestOf(bytes));
  return copy;
}
