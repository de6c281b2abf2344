import { describe, expect, it } from 'vitest';
import type { LocatedBlob } from '../../src/chunks/chunk-reader.ts';
import { quarantinePack } from '../../src/chunks/pack-quarantine.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { packKey, quarantineKey } from '../../src/store/store-paths.ts';
import { collect, failureOf } from '../support/failures.ts';
import { hookStore, keysOf, snapshot } from '../support/hooked-store.ts';
import { addAll, locateAll, makeChunks, startSession } from './support.ts';

interface Stored {
  readonly store: ObjectStore;
  readonly chunks: Map<Digest, Buffer>;
  readonly blobs: LocatedBlob[];
  readonly packs: Digest[];
}

async function storeChunks(count: number, packBytes = 40_000): Promise<Stored> {
  const store = createMemoryObjectStore();
  const chunks = makeChunks(count);
  const { writer } = startSession(store, { packBytes });
  await addAll(writer, chunks);
  await writer.flush();
  const blobs = locateAll(writer, chunks);
  return { store, chunks, blobs, packs: [...new Set(blobs.map(({ location }) => location.pack))] };
}

async function expectAll({ chunks, blobs }: Stored, store: ObjectStore): Promise<void> {
  const { reader } = startSession(store);
  const read = await Promise.all(blobs.map((blob) => reader.read(blob)));
  read.forEach((plain, index) => {
    expect(plain.equals(chunks.get(blobs[index]?.digest ?? ('' as Digest)) ?? Buffer.of())).toBe(
      true,
    );
  });
}

describe('reading many blobs', () => {
  it('gives each once, checked, in the order of the packs, with few requests', async () => {
    const stored = await storeChunks(100);
    const metered = meterObjectStore(stored.store);
    const { reader } = startSession(metered);
    const asked = [...stored.blobs, ...stored.blobs].reverse();
    const read = await collect(reader.readMany(asked));
    expect(read).toHaveLength(100);
    for (const { digest, plain } of read) expect(digestOf(plain)).toBe(digest);
    const places = new Map(stored.blobs.map((blob) => [blob.digest, blob.location]));
    const order = read.map(({ digest }) => places.get(digest));
    const sorted = order.toSorted((left, right) =>
      left?.pack === right?.pack
        ? (left?.offset ?? 0) - (right?.offset ?? 0)
        : (left?.pack ?? '') < (right?.pack ?? '')
          ? -1
          : 1,
    );
    expect(order).toEqual(sorted);
    expect(metered.counts().getRange.calls).toBe(stored.packs.length);
  });

  it('reads over small gaps and not over large ones', async () => {
    const stored = await storeChunks(100, 10_000_000);
    const metered = meterObjectStore(stored.store);
    const { reader } = startSession(metered);
    await collect(reader.readMany(stored.blobs.filter((_, index) => index % 10 === 0)));
    expect(metered.counts().getRange.calls).toBe(1);
    await collect(reader.readMany(stored.blobs.filter((_, index) => index % 50 === 0)));
    expect(metered.counts().getRange.calls).toBe(3);
  });

  it('gives nothing for nothing', async () => {
    const { reader } = startSession(createMemoryObjectStore());
    expect(await collect(reader.readMany([]))).toEqual([]);
  });

  it('ends with the reason of an abort', async () => {
    const stored = await storeChunks(100);
    const { reader } = startSession(stored.store);
    const reason = new AshlarError('interrupted', 'enough');
    const abort = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const _ of reader.readMany(stored.blobs, abort.signal)) abort.abort(reason);
    };
    expect(await failureOf(reading)).toBe(reason);
  });

  it('can be left in the middle, though what was read ahead fails', async () => {
    const stored = await storeChunks(100);
    const [first] = stored.packs.toSorted();
    for (const pack of stored.packs) if (pack !== first) await stored.store.delete(packKey(pack));
    const { reader } = startSession(stored.store);
    for await (const { digest, plain } of reader.readMany(stored.blobs)) {
      expect(digestOf(plain)).toBe(digest);
      break;
    }
    // What fails behind it would be an unhandled rejection, which ends the test run with an error.
    await new Promise(setImmediate);
  });
});

describe('a damaged pack', () => {
  it('with a flipped bit in a record is chunk_corrupt for that record alone', async () => {
    const stored = await storeChunks(20);
    const [victim] = stored.blobs;
    if (victim === undefined) throw new Error('no blob');
    const key = packKey(victim.location.pack);
    const bytes = await stored.store.get(key);
    bytes.writeUInt8(bytes.readUInt8(victim.location.offset + 7) ^ 4, victim.location.offset + 7);
    await stored.store.replace(key, bytes);
    const { reader } = startSession(stored.store);
    for (const blob of stored.blobs) {
      if (blob !== victim) {
        expect(digestOf(await reader.read(blob))).toBe(blob.digest);
        continue;
      }
      const failure = await failureOf(reader.read(blob));
      expect(failure).toMatchObject({
        code: 'chunk_corrupt',
        data: { digest: victim.digest, pack: victim.location.pack },
      });
    }
    const many = await failureOf(collect(reader.readMany(stored.blobs)));
    expect(many).toMatchObject({ code: 'chunk_corrupt', data: { digest: victim.digest } });
  });

  it('that is cut short is pack_corrupt, that is gone pack_missing', async () => {
    const stored = await storeChunks(5);
    const [blob] = stored.blobs;
    if (blob === undefined) throw new Error('no blob');
    const { pack } = blob.location;
    const { reader } = startSession(stored.store);
    await stored.store.replace(packKey(pack), Buffer.alloc(20));
    expect(await failureOf(reader.read(blob))).toMatchObject({
      code: 'pack_corrupt',
      data: { pack },
    });
    await stored.store.delete(packKey(pack));
    expect(await failureOf(reader.read(blob))).toMatchObject({
      code: 'pack_missing',
      data: { pack },
    });
  });

  it('or a wrong place within another blob hurts no other', async () => {
    const stored = await storeChunks(5);
    const [first, second] = stored.blobs;
    if (first === undefined || second === undefined) throw new Error('no blobs');
    const { offset } = first.location;
    const wrong = {
      ...second,
      location: { ...first.location, offset: offset + 8, storedBytes: 9 },
    };
    const { reader } = startSession(stored.store);
    const read: Digest[] = [];
    const failure = await failureOf(async () => {
      for await (const { digest } of reader.readMany([first, wrong])) read.push(digest);
    });
    expect(read).toEqual([first.digest]);
    expect(failure).toMatchObject({ code: 'chunk_corrupt', data: { digest: second.digest } });
  });

  it('or a wrong placement never makes a read of gigabytes', async () => {
    const stored = await storeChunks(5);
    const [blob] = stored.blobs;
    if (blob === undefined) throw new Error('no blob');
    const { reader } = startSession(stored.store);
    const wrong = { ...blob, location: { ...blob.location, storedBytes: 2 ** 28 - 1 } };
    expect((await failureOf(reader.read(wrong))).code).toBe('pack_corrupt');
    expect((await failureOf(collect(reader.readMany([wrong])))).code).toBe('pack_corrupt');
  });
});

describe('a pack in quarantine', () => {
  async function quarantined(): Promise<Stored> {
    const stored = await storeChunks(50);
    for (const pack of stored.packs) expect(await quarantinePack(stored.store, pack)).toBe(true);
    expect(await keysOf(stored.store, 'packs/')).toEqual([]);
    return stored;
  }

  it('is put back by whoever reads, many at a time', async () => {
    const stored = await quarantined();
    const counted = meterObjectStore(stored.store);
    await expectAll(stored, counted);
    expect(await keysOf(stored.store, 'quarantine/')).toEqual([]);
    expect(await keysOf(stored.store, 'packs/')).toHaveLength(stored.packs.length);
    expect(counted.counts().put.calls).toBe(stored.packs.length);
  });

  it('is put back by two who do not know of each other', async () => {
    const stored = await quarantined();
    await Promise.all([expectAll(stored, stored.store), expectAll(stored, stored.store)]);
    expect(await keysOf(stored.store, 'packs/')).toHaveLength(stored.packs.length);
  });

  it('is read where it is by who may not change anything', async () => {
    const stored = await quarantined();
    const before = await snapshot(stored.store);
    const { reader, shelf } = startSession(stored.store, { quarantine: 'leave' });
    for (const blob of stored.blobs) expect(digestOf(await reader.read(blob))).toBe(blob.digest);
    expect(await shelf.findMissing(stored.packs)).toEqual([]);
    expect(await shelf.isThere(stored.packs[0] ?? ('' as Digest))).toBe(true);
    expect(await snapshot(stored.store)).toEqual(before);
  });

  it.each(['store_read_only', 'store_full'] as const)(
    'is read from a store that is %s',
    async (code) => {
      const stored = await quarantined();
      const unwritable = hookStore(stored.store, {
        before(call) {
          if (['put', 'replace', 'delete'].includes(call)) throw new AshlarError(code, 'no');
        },
      });
      await expectAll(stored, unwritable);
    },
  );

  it('is found by who moves it back in between', async () => {
    const stored = await quarantined();
    const [blob] = stored.blobs;
    if (blob === undefined) throw new Error('no blob');
    const { pack } = blob.location;
    // Another reader is quicker each time that this one looks for the pack in quarantine.
    const racing = hookStore(stored.store, {
      async before(call, key) {
        if (key !== quarantineKey(pack) || call === 'delete') return;
        if ((await stored.store.head(key)) === null) return;
        await stored.store.put(packKey(pack), await stored.store.get(key));
        await stored.store.delete(key);
      },
    });
    for (const quarantine of ['rescue', 'leave'] as const) {
      const { reader, shelf } = startSession(racing, { quarantine });
      expect(digestOf(await reader.read(blob))).toBe(blob.digest);
      expect(await shelf.isThere(pack)).toBe(true);
      await quarantinePack(stored.store, pack);
    }
  });
});

describe('a look for packs', () => {
  it('remembers a yes, and no no', async () => {
    const stored = await storeChunks(5);
    const [pack] = stored.packs;
    if (pack === undefined) throw new Error('no pack');
    const { shelf } = startSession(stored.store);
    const bytes = await stored.store.get(packKey(pack));
    await stored.store.delete(packKey(pack));
    expect(await shelf.isThere(pack)).toBe(false);
    await stored.store.put(packKey(pack), bytes);
    expect(await shelf.isThere(pack)).toBe(true);
    await stored.store.delete(packKey(pack));
    expect(await shelf.isThere(pack)).toBe(true);
    expect(await shelf.findMissing([pack])).toEqual([pack]);
  });

  it('does not remember a failure to look', async () => {
    const stored = await storeChunks(5);
    const [pack] = stored.packs;
    if (pack === undefined) throw new Error('no pack');
    let isDown = true;
    const flaky = hookStore(stored.store, {
      before() {
        if (isDown) throw new AshlarError('store_unreachable', 'down');
      },
    });
    const { shelf } = startSession(flaky);
    expect((await failureOf(shelf.isThere(pack))).code).toBe('store_unreachable');
    expect((await failureOf(shelf.findMissing([pack]))).code).toBe('store_unreachable');
    isDown = false;
    expect(await shelf.isThere(pack)).toBe(true);
  });
});
