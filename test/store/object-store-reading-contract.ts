import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ObjectRead } from '../../src/store/object-store.ts';
import type { ContractOptions } from './object-store-contract.ts';

const largestPieceBytes = 256 * 1024;

export async function readAll(read: ObjectRead): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of read) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Registers what `openRead` must hold. */
export function registerReading({ open }: ContractOptions): void {
  const large = randomBytes(3 * 1024 * 1024 + 17);

  it('gives an object in small pieces, with what is known of it', async () => {
    await using subject = await open();
    await subject.store.put('one', large);
    await using read = await subject.store.openRead('one');
    expect(read.info).toMatchObject({ key: 'one', sizeBytes: large.length });
    expect(Math.abs(read.info.modifiedMs - Date.now())).toBeLessThan(60_000);
    const pieces: Buffer[] = [];
    for await (const piece of read) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(large)).toBe(true);
    const sizes = pieces.map((piece) => piece.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(largestPieceBytes);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it.each([
    [{ offset: 0 }, 0, 10],
    [{ offset: 3 }, 3, 10],
    [{ offset: 9 }, 9, 10],
    [{ offset: 10 }, 10, 10],
    [{ lengthBytes: 4 }, 0, 4],
    [{ offset: 3, lengthBytes: 4 }, 3, 7],
    [{ offset: 0, lengthBytes: 10 }, 0, 10],
    [{ offset: 5, lengthBytes: 0 }, 5, 5],
    [{ offset: 10, lengthBytes: 0 }, 10, 10],
  ])('reads %j', async (range, from, to) => {
    await using subject = await open();
    const text = '0123456789';
    await subject.store.put('one', Buffer.from(text));
    await using read = await subject.store.openRead('one', range);
    expect(read.info.sizeBytes).toBe(10);
    expect((await readAll(read)).toString()).toBe(text.slice(from, to));
  });

  it('reads a long range in the middle of a large object', async () => {
    await using subject = await open();
    await subject.store.put('one', large);
    const range = { offset: 1_000_001, lengthBytes: 1_234_567 };
    const bytes = await readAll(await subject.store.openRead('one', range));
    expect(bytes.equals(large.subarray(1_000_001, 2_234_568))).toBe(true);
  });

  it.each([[{ offset: 11 }], [{ offset: 5, lengthBytes: 6 }], [{ offset: 10, lengthBytes: 1 }]])(
    'reports an object that ends before %j',
    async (range) => {
      await using subject = await open();
      await subject.store.put('one', Buffer.from('0123456789'));
      await expect(subject.store.openRead('one', range)).rejects.toMatchObject({
        code: 'object_truncated',
        data: { key: 'one' },
      });
    },
  );

  it('reads an empty object', async () => {
    await using subject = await open();
    await subject.store.put('none', Buffer.alloc(0));
    const read = await subject.store.openRead('none');
    expect(read.info.sizeBytes).toBe(0);
    expect(await readAll(read)).toHaveLength(0);
    await expect(subject.store.openRead('none', { lengthBytes: 1 })).rejects.toMatchObject({
      code: 'object_truncated',
    });
  });

  it('names what is missing, and what is no range or key', async () => {
    await using subject = await open();
    const { store } = subject;
    await expect(store.openRead('a/none')).rejects.toMatchObject({
      code: 'object_missing',
      message: expect.stringContaining('a/none'),
    });
    const noBytes = { lengthBytes: 0 };
    await expect(store.openRead('none', noBytes)).rejects.toMatchObject({ code: 'object_missing' });
    await expect(store.openRead('../a')).rejects.toMatchObject({ code: 'object_key_invalid' });
    for (const range of [{ offset: -1 }, { lengthBytes: 0.5 }, { offset: Number.NaN }]) {
      await expect(store.openRead('none', range)).rejects.toMatchObject({ code: 'internal' });
    }
  });

  it.each(['replaced', 'deleted'])('never mixes the bytes of one that is %s', async (change) => {
    await using subject = await open();
    const { store } = subject;
    await store.put('one', large);
    await using read = await store.openRead('one');
    let heldBytes = 0;
    try {
      for await (const piece of read) {
        if (heldBytes === 0 && change === 'deleted') await store.delete('one');
        if (heldBytes === 0 && change === 'replaced')
          await store.replace('one', Buffer.alloc(large.length, 1));
        expect(piece.equals(large.subarray(heldBytes, heldBytes + piece.length))).toBe(true);
        heldBytes += piece.length;
      }
      expect(heldBytes).toBe(large.length);
    } catch (error) {
      expect(error).toMatchObject({ code: 'object_missing' });
    }
  });

  it('may be left before its end, or never begun', async () => {
    await using subject = await open();
    await subject.store.put('one', large);
    for (let round = 0; round < 20; round += 1) {
      await using read = await subject.store.openRead('one', { offset: round });
      if (round % 2 === 0) continue;
      for await (const piece of read) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
    }
    expect((await readAll(await subject.store.openRead('one'))).equals(large)).toBe(true);
  });

  it('ends with the reason of its signal, before and in the middle', async () => {
    await using subject = await open();
    await subject.store.put('one', large);
    const reason = new Error('no longer wanted');
    const aborted = AbortSignal.abort(reason);
    await expect(subject.store.openRead('one', { signal: aborted })).rejects.toBe(reason);
    const controller = new AbortController();
    await using read = await subject.store.openRead('one', { signal: controller.signal });
    const reading = async (): Promise<void> => {
      for await (const piece of read) if (piece.length > 0) controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
  });

  it('serves many readers at once, each at its own pace', async () => {
    await using subject = await open();
    await subject.store.put('one', large);
    const readers = Array.from({ length: 60 }, async (_, index) => {
      const offset = index * 1000;
      await using read = await subject.store.openRead('one', { offset });
      const pieces: Buffer[] = [];
      for await (const piece of read) {
        for (let turns = 0; turns < index % 7; turns += 1) await turn();
        pieces.push(piece);
      }
      return Buffer.concat(pieces).equals(large.subarray(offset));
    });
    expect(new Set(await Promise.all(readers))).toEqual(new Set([true]));
  });
}
