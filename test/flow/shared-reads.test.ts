import { describe, expect, it } from 'vitest';
import { createSharedReads, pieceLength } from '../../src/flow/shared-reads.ts';

/** Each piece counts for a little more than its bytes. */
const roomFor = (pieces: number): number => pieces * 1_500;
const pieceAt = (offset: number, source = 'a') => ({ source, offset, lengthBytes: 10 });

/** Reads that count themselves. */
function counted(): { reads: number; read: () => Promise<Buffer> } {
  const counts = { reads: 0, read: async () => Buffer.alloc(10, (counts.reads += 1)) };
  return counts;
}

describe('shared reads', () => {
  it('read a piece once for all who ask at the same time, and a moment later', async () => {
    const shared = createSharedReads(roomFor(10));
    const counts = counted();
    const asked = [1, 2, 3].map(() => shared.of(pieceAt(0), counts.read));
    const [first, ...others] = await Promise.all(asked);
    for (const other of others) expect(other).toBe(first);
    expect(await shared.of(pieceAt(0), counts.read)).toBe(first);
    expect(counts.reads).toBe(1);
  });

  it('tell apart sources, places and lengths', async () => {
    const shared = createSharedReads(roomFor(10));
    const counts = counted();
    for (const piece of [pieceAt(0), pieceAt(10), pieceAt(0, 'b')])
      await shared.of(piece, counts.read);
    await shared.of({ ...pieceAt(0), lengthBytes: 5 }, counts.read);
    expect(counts.reads).toBe(4);
  });

  it('forget what was asked for longest ago', async () => {
    const shared = createSharedReads(roomFor(2));
    const counts = counted();
    for (const offset of [0, 10, 20]) await shared.of(pieceAt(offset), counts.read);
    await shared.of(pieceAt(20), counts.read);
    expect(counts.reads).toBe(3);
    await shared.of(pieceAt(0), counts.read);
    expect(counts.reads).toBe(4);
  });

  it('keep nothing that is larger than all of what they may keep', async () => {
    const shared = createSharedReads(5);
    const counts = counted();
    expect(await shared.of(pieceAt(0), counts.read)).toHaveLength(10);
    await shared.of(pieceAt(0), counts.read);
    expect(counts.reads).toBe(2);
  });

  it('of single bytes, millions of which would fit, take no more memory than they may', async () => {
    const shared = createSharedReads(100_000);
    const counts = counted();
    for (let offset = 0; offset < 1_000; offset += 1)
      await shared.of({ source: 'a', offset, lengthBytes: 1 }, counts.read);
    await shared.of({ source: 'a', offset: 0, lengthBytes: 1 }, counts.read);
    expect(counts.reads).toBe(1_001);
    await shared.of({ source: 'a', offset: 999, lengthBytes: 1 }, counts.read);
    expect(counts.reads).toBe(1_001);
  });

  it('share a failure with those who wait for it, and forget it', async () => {
    const shared = createSharedReads(roomFor(10));
    const failure = new Error('no such disk');
    const fail = () => Promise.reject(failure);
    const outcomes = await Promise.allSettled([
      shared.of(pieceAt(0), fail),
      shared.of(pieceAt(0), fail),
    ]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
      failure,
      failure,
    ]);
    const counts = counted();
    expect(await shared.of(pieceAt(0), counts.read)).toHaveLength(10);
    expect(counts.reads).toBe(1);
  });
});

it('pieces end where those of other readers do', () => {
  expect(pieceLength({ offset: 0, end: 100 }, 64)).toBe(64);
  expect(pieceLength({ offset: 10, end: 100 }, 64)).toBe(54);
  expect(pieceLength({ offset: 64, end: 100 }, 64)).toBe(36);
  expect(pieceLength({ offset: 10, end: 20 }, 64)).toBe(10);
});
