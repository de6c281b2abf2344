import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { registerFiles } from './object-store-files-contract.ts';
import { registerReading } from './object-store-reading-contract.ts';
import { registerKeys, registerListing } from './object-store-listing-contract.ts';

export interface ContractSubject extends AsyncDisposable {
  /** Empty. */
  readonly store: ObjectStore;
}

export interface ContractOptions {
  readonly name: string;
  /** Why the suite cannot run here, or null. */
  readonly skipReason: string | null;
  readonly open: () => Promise<ContractSubject>;
}

const mebibyte = 1024 * 1024;

/** Registers what every implementation of `ObjectStore` must hold. */
export function registerObjectStoreContract(options: ContractOptions): void {
  const { skipReason } = options;
  const suffix = skipReason === null ? '' : ` (skipped: ${skipReason})`;
  describe.skipIf(skipReason !== null)(`object store contract: ${options.name}${suffix}`, () => {
    describe('whole objects', () => {
      registerWholeObjects(options);
    });
    describe('ranges', () => {
      registerRanges(options);
    });
    describe('reading in pieces', () => {
      registerReading(options);
    });
    describe('files', () => {
      registerFiles(options);
    });
    describe('racing writers', () => {
      registerRaces(options);
    });
    describe('listing', () => {
      registerListing(options);
    });
    describe('keys', () => {
      registerKeys(options);
    });
  });
}

function registerWholeObjects({ open }: ContractOptions): void {
  it.each([0, 1, 65_537, 8 * mebibyte])('gives back an object of %i bytes', async (sizeBytes) => {
    await using subject = await open();
    const bytes = randomBytes(sizeBytes);
    expect(await subject.store.put('packs/ab/one', bytes)).toBe('created');
    expect((await subject.store.get('packs/ab/one')).equals(bytes)).toBe(true);
    expect(await subject.store.head('packs/ab/one')).toMatchObject({
      key: 'packs/ab/one',
      sizeBytes,
    });
  });

  it('knows when an object was stored', async () => {
    await using subject = await open();
    const beforeMs = Date.now();
    await subject.store.put('one', Buffer.from('1'));
    const info = await subject.store.head('one');
    expect(Math.abs((info?.modifiedMs ?? 0) - beforeMs)).toBeLessThan(60_000);
    expect(Number.isSafeInteger(info?.modifiedMs)).toBe(true);
  });

  it('puts only where the key is free', async () => {
    await using subject = await open();
    expect(await subject.store.put('one', Buffer.from('first'))).toBe('created');
    expect(await subject.store.put('one', Buffer.from('second'))).toBe('exists');
    expect((await subject.store.get('one')).toString()).toBe('first');
  });

  it('keeps its own copy of what it was given, and gives out copies', async () => {
    await using subject = await open();
    const bytes = Buffer.from('abc');
    await subject.store.put('one', bytes);
    bytes.fill(0);
    const given = await subject.store.get('one');
    expect(given.toString()).toBe('abc');
    given.fill(0);
    expect((await subject.store.getRange('one', 0, 3)).toString()).toBe('abc');
  });

  it('stores a view of a larger buffer as that view', async () => {
    await using subject = await open();
    const bytes = new Uint8Array(Buffer.from('0123456789')).subarray(2, 5);
    await subject.store.put('put', bytes);
    await subject.store.replace('replaced', bytes);
    expect((await subject.store.get('put')).toString()).toBe('234');
    expect((await subject.store.get('replaced')).toString()).toBe('234');
  });

  it('replaces an object, and makes it where there is none', async () => {
    await using subject = await open();
    await subject.store.replace('tags/latest', Buffer.from('a longer first value'));
    await subject.store.replace('tags/latest', Buffer.from('second'));
    expect((await subject.store.get('tags/latest')).toString()).toBe('second');
  });

  it('names what is missing', async () => {
    await using subject = await open();
    await subject.store.put('folder/one', Buffer.from('1'));
    const expected = { code: 'object_missing', message: expect.stringContaining('folder/none') };
    await expect(subject.store.get('folder/none')).rejects.toMatchObject(expected);
    await expect(subject.store.getRange('folder/none', 0, 1)).rejects.toMatchObject(expected);
    await expect(subject.store.getRange('folder/none', 0, 0)).rejects.toMatchObject(expected);
    expect(await subject.store.head('folder/none')).toBeNull();
    expect(await subject.store.head('no/such/folder')).toBeNull();
  });

  it('deletes, also what is not there, and lets the key be used again', async () => {
    await using subject = await open();
    await subject.store.put('folder/one', Buffer.from('1'));
    await subject.store.delete('folder/one');
    await subject.store.delete('folder/one');
    await subject.store.delete('no/such/folder');
    expect(await subject.store.head('folder/one')).toBeNull();
    expect(await subject.store.put('folder/one', Buffer.from('2'))).toBe('created');
    expect((await subject.store.get('folder/one')).toString()).toBe('2');
  });

  it('refuses to read more than maxBytes', async () => {
    await using subject = await open();
    await subject.store.put('one', randomBytes(1000));
    expect(await subject.store.get('one', { maxBytes: 1000 })).toHaveLength(1000);
    await expect(subject.store.get('one', { maxBytes: 999 })).rejects.toMatchObject({
      code: 'object_too_large',
      data: { key: 'one', sizeBytes: 1000, maxBytes: 999 },
    });
  });

  it('ends a read whose signal has aborted with the reason', async () => {
    await using subject = await open();
    await subject.store.put('one', Buffer.from('1'));
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    await expect(subject.store.get('one', { signal })).rejects.toBe(reason);
    await expect(subject.store.getRange('one', 0, 1, { signal })).rejects.toBe(reason);
    await expect(subject.store.getRange('one', 0, 0, { signal })).rejects.toBe(reason);
  });
}

function registerRanges({ open }: ContractOptions): void {
  const bytes = Buffer.from('0123456789');

  it.each([
    [0, 10, '0123456789'],
    [0, 1, '0'],
    [9, 1, '9'],
    [3, 4, '3456'],
    [0, 0, ''],
    [10, 0, ''],
  ])('reads from %i, %i bytes', async (offset, lengthBytes, text) => {
    await using subject = await open();
    await subject.store.put('one', bytes);
    expect((await subject.store.getRange('one', offset, lengthBytes)).toString()).toBe(text);
  });

  it.each([
    [0, 11],
    [9, 2],
    [10, 1],
    [11, 0],
    [1000, 5],
  ])('reports an object that ends before %i + %i bytes', async (offset, lengthBytes) => {
    await using subject = await open();
    await subject.store.put('one', bytes);
    await expect(subject.store.getRange('one', offset, lengthBytes)).rejects.toMatchObject({
      code: 'object_truncated',
      data: { key: 'one', offset, lengthBytes },
    });
  });

  it('reports an empty object as truncated', async () => {
    await using subject = await open();
    await subject.store.put('none', Buffer.alloc(0));
    expect(await subject.store.getRange('none', 0, 0)).toHaveLength(0);
    await expect(subject.store.getRange('none', 0, 1)).rejects.toMatchObject({
      code: 'object_truncated',
    });
  });

  it('refuses what is no range', async () => {
    await using subject = await open();
    await subject.store.put('one', bytes);
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
      [2 ** 53, 1],
    ] as const) {
      await expect(subject.store.getRange('one', offset, length)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('not a byte range'),
      });
    }
    await expect(subject.store.getRange('one', 0, 65 * mebibyte)).rejects.toMatchObject({
      code: 'object_too_large',
    });
  });

  it('serves many ranges at once', async () => {
    await using subject = await open();
    const large = randomBytes(mebibyte);
    await subject.store.put('large', large);
    const offsets = Array.from({ length: 64 }, (_, index) => index * 16_000);
    const ranges = await Promise.all(
      offsets.map((offset) => subject.store.getRange('large', offset, 20_000)),
    );
    for (const [index, range] of ranges.entries()) {
      const offset = offsets[index] ?? 0;
      expect(range.equals(large.subarray(offset, offset + 20_000))).toBe(true);
    }
  });
}

function registerRaces({ open }: ContractOptions): void {
  it('lets exactly one of 16 writers create an object', async () => {
    await using subject = await open();
    for (let round = 0; round < 5; round += 1) {
      const key = `race/${round}`;
      const values = Array.from({ length: 16 }, () => randomBytes(100_000));
      const outcomes = await Promise.all(values.map((value) => subject.store.put(key, value)));
      const winners = values.filter((_, index) => outcomes[index] === 'created');
      expect(winners).toHaveLength(1);
      expect((await subject.store.get(key)).equals(winners[0] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  it('shows readers the old object or the new one while it is replaced, never a mixture', async () => {
    await using subject = await open();
    const sizes = [300_000, 500_000];
    const value = (round: number): Buffer => Buffer.alloc(sizes[round % 2] ?? 0, round);
    await subject.store.replace('reference', value(0));
    const state = { writing: true };
    const write = async (): Promise<void> => {
      for (let round = 1; round <= 40; round += 1) {
        await subject.store.replace('reference', value(round));
      }
      state.writing = false;
    };
    const read = async (): Promise<number> => {
      let reads = 0;
      let newest = 0;
      while (state.writing) {
        const bytes = await subject.store.get('reference');
        const round = bytes[0] ?? -1;
        expect(bytes.equals(value(round))).toBe(true);
        expect(round).toBeGreaterThanOrEqual(newest);
        newest = round;
        reads += 1;
      }
      return reads;
    };
    const [, ...reads] = await Promise.all([write(), read(), read(), read()]);
    expect(Math.min(...reads)).toBeGreaterThan(0);
    expect((await subject.store.get('reference')).equals(value(40))).toBe(true);
  });
}
