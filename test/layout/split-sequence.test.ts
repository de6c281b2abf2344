import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathHash } from '../../src/layout/path-hash.ts';
import { type Part, splitSequence } from '../../src/layout/split-sequence.ts';

interface Item {
  readonly name: string;
  readonly weight: number;
}

const hashOf = (item: Item): number => pathHash(item.name, 1);

const limits = { maxWeight: 16, partsPerStretch: 3 };

function split(items: readonly Item[]): Part[] {
  const sequence = { weights: items.map(({ weight }) => weight), hashes: items.map(hashOf) };
  return splitSequence(sequence, limits);
}

const itemsOf = (items: readonly Item[]): string[] =>
  split(items).map(({ start, end }) =>
    items
      .slice(start, end)
      .map(({ name, weight }) => `${name}:${weight}`)
      .join(' '),
  );

const anyItems = fc.array(
  fc.record({ name: fc.string({ maxLength: 3 }), weight: fc.integer({ min: 0, max: 20 }) }),
  { maxLength: 120 },
);

const numbered = (count: number, weight = 2): Item[] =>
  Array.from({ length: count }, (_, index) => ({ name: `item ${index}`, weight }));

describe('a sequence split into parts', () => {
  it('is covered by them in order, and none is empty or too heavy', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const parts = split(items);
        expect(parts.map(({ start }) => start)).toEqual([
          ...(items.length === 0 ? [] : [0]),
          ...parts.slice(0, -1).map(({ end }) => end),
        ]);
        expect(parts.at(-1)?.end ?? 0).toBe(items.length);
        for (const { start, end } of parts) {
          const weight = items.slice(start, end).reduce((sum, item) => sum + item.weight, 0);
          expect(end).toBeGreaterThan(start);
          expect(weight <= limits.maxWeight || end - start === 1).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is one part where it fits', () => {
    expect(split(numbered(8))).toEqual([{ start: 0, end: 8 }]);
    expect(split([])).toEqual([]);
  });

  it('has an item that is too heavy in a part of its own', () => {
    const heavy = { name: 'heavy', weight: 500 };
    const parts = itemsOf([...numbered(3), heavy, ...numbered(2)]);
    expect(parts).toContain('heavy:500');
  });

  it('fills its parts to two thirds', () => {
    const parts = split(numbered(20_000, 1));
    expect(20_000 / parts.length / limits.maxWeight).toBeGreaterThan(0.64);
  });

  it('has few other parts when an item is added, removed or replaced anywhere', () => {
    const items = numbered(3000, 3);
    const known = new Set(itemsOf(items));
    for (let at = 0; at < items.length; at += 13) {
      const added = items.toSpliced(at, 0, { name: `new ${at}`, weight: 3 });
      const removed = items.toSpliced(at, 1);
      const replaced = items.toSpliced(at, 1, { name: `other ${at}`, weight: 5 });
      for (const changed of [added, removed, replaced])
        expect(itemsOf(changed).filter((part) => !known.has(part)).length).toBeLessThanOrEqual(9);
    }
  });

  it('has the same parts within a run, whatever lies around it', () => {
    const run = numbered(400, 3);
    const around = (name: string): Item[] =>
      Array.from({ length: 300 }, (_, index) => ({ name: `${name} ${index}`, weight: 4 }));
    const alone = itemsOf(run).slice(5, -5);
    expect(itemsOf([...around('a'), ...run, ...around('b')])).toEqual(
      expect.arrayContaining(alone),
    );
  });

  it('takes items of equal hashes', () => {
    const same = Array.from({ length: 100 }, () => ({ name: 'same', weight: 1 }));
    // Each is a part of its own while more than a stretch follows; the rest is split as any stretch.
    expect(
      split(same)
        .slice(0, 52)
        .every(({ start, end }) => end - start === 1),
    ).toBe(true);
    expect(split(same).length).toBeLessThan(60);
    expect(split(same).every(({ start, end }) => end - start <= limits.maxWeight)).toBe(true);
  });
});
