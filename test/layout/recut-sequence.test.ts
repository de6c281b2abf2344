import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCertainPeak, recutSequence, stretchesAround } from '../../src/layout/recut-sequence.ts';
import {
  cutSequence,
  splitSequence,
  type WeighedSequence,
} from '../../src/layout/split-sequence.ts';

interface Item {
  readonly hash: number;
  readonly weight: number;
}

const limits = { maxWeight: 16, partsPerStretch: 3 };

/** Few different hashes, so that many are equal, or many. */
const anyItems = fc.oneof(...[3, 20, 2 ** 32 - 1].map((max) => itemsUpTo(max)));

function itemsUpTo(maxHash: number): fc.Arbitrary<Item[]> {
  const item = fc.record({ hash: fc.nat(maxHash), weight: fc.integer({ min: 0, max: 20 }) });
  return fc.array(item, { maxLength: 200, size: 'max' });
}

function sequenceOf(items: readonly Item[]): WeighedSequence {
  return {
    weights: items.map(({ weight }) => weight),
    hashes: items.map(({ hash }) => hash),
  };
}

describe('a sequence that is cut with summaries', () => {
  it('is cut as without them, and they say what is in the parts', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const parts = cutSequence(sequenceOf(items), limits);
        const plain = parts.map(({ start, end }) => ({ start, end }));
        expect(plain).toEqual(splitSequence(sequenceOf(items), limits));
        for (const { start, end, weight, firstHash, restHash } of parts) {
          const own = items.slice(start, end);
          expect(weight).toBe(own.reduce((sum, item) => sum + item.weight, 0));
          expect(firstHash).toBe(own[0]?.hash);
          expect(restHash).toBe(Math.max(-1, ...own.slice(1).map(({ hash }) => hash)));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a sequence in which something changes', () => {
  const changes = fc.record({
    items: anyItems,
    at: fc.nat(1000),
    removed: fc.nat(12),
    added: fc.array(fc.record({ hash: fc.nat(2 ** 32 - 1), weight: fc.nat(20) }), {
      maxLength: 12,
    }),
  });

  it('is cut anew between two peaks that stay peaks, as the whole would be', () => {
    const counts = { certain: 0, uncertain: 0 };
    fc.assert(
      fc.property(changes, ({ items, at, removed, added }) => {
        const before = cutSequence(sequenceOf(items), limits);
        const from = items.length === 0 ? 0 : at % items.length;
        const to = Math.min(items.length, from + removed);
        const changed = [...items.slice(0, from), ...added, ...items.slice(to)];
        const whole = cutSequence(sequenceOf(changed), limits);
        // A part that loses its first item is looked at with the one before it.
        const first = before.findIndex(({ end }) => from < end) - 1;
        const last = Math.max(
          0,
          before.findLastIndex(({ start }) => start < Math.max(to, from + 1)),
        );
        const range = stretchesAround(before, { first, last });
        const start = before[range.start]?.start ?? 0;
        const end = before[range.end - 1]?.end ?? 0;
        const own = changed.slice(start, changed.length - (items.length - end));
        const recut = recutSequence(sequenceOf(own), limits, {
          begins: range.start === 0,
          nextHash: before[range.end]?.firstHash ?? null,
        });
        const shift = changed.length - items.length;
        const assembled = [
          ...before.slice(0, range.start),
          ...recut.map((part) => ({ ...part, start: part.start + start, end: part.end + start })),
          ...before
            .slice(range.end)
            .map((part) => ({ ...part, start: part.start + shift, end: part.end + shift })),
        ];
        const next = range.start + recut.length;
        const isCertain =
          (range.start === 0 || isCertainPeak(assembled, range.start, limits)) &&
          (range.end === before.length || isCertainPeak(assembled, next, limits));
        if (isCertain) expect(assembled).toEqual(whole);
        counts[isCertain ? 'certain' : 'uncertain'] += 1;
      }),
      { numRuns: 3000, seed: 20_261_122 },
    );
    expect(counts.certain).toBeGreaterThan(counts.uncertain);
    expect(counts.uncertain).toBeGreaterThan(10);
  });

  it('has no certain peak that is none', () => {
    fc.assert(
      fc.property(anyItems, fc.array(fc.nat(1000)), (items, cuts) => {
        const peaks = new Set(
          cutSequence(sequenceOf(items), limits).flatMap(({ start, isPeak }) =>
            isPeak ? [start] : [],
          ),
        );
        const starts = [...new Set([0, ...cuts.map((cut) => cut % Math.max(1, items.length))])];
        starts.sort((left, right) => left - right);
        const parts = starts.map((start, index) => {
          const own = items.slice(start, starts[index + 1] ?? items.length);
          return {
            weight: own.reduce((sum, item) => sum + item.weight, 0),
            firstHash: own[0]?.hash ?? 0,
            restHash: Math.max(-1, ...own.slice(1).map(({ hash }) => hash)),
            isPeak: false,
          };
        });
        starts.forEach((start, index) => {
          if (index > 0 && isCertainPeak(parts, index, limits)) expect(peaks).toContain(start);
        });
      }),
      { numRuns: 1000 },
    );
  });
});
