import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeItems, type PlacedItem } from '../../src/layout/place-items.ts';

const hashes = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff, 2 ** 31, 12_345));
const itemLists = (maxSlots: number): fc.Arbitrary<PlacedItem[]> =>
  fc
    .array(fc.record({ hash: hashes, slots: fc.nat(maxSlots) }), { maxLength: 60, size: 'max' })
    .map((items) => items.map((item, index) => ({ ...item, key: `key ${index}` })));

const slotsOf = (items: readonly PlacedItem[]): number =>
  items.reduce((sum, item) => sum + item.slots, 0);

const wanted = (item: PlacedItem, slotCount: number): number =>
  Math.floor((item.hash / 2 ** 32) * slotCount);

function byKey(items: readonly PlacedItem[], slotCount: number): Map<string, number> {
  const starts = placeItems(items, slotCount);
  return new Map(items.map((item, index) => [item.key, starts?.[index] ?? -1]));
}

describe('places of items', () => {
  it('are inside and do not overlap', () => {
    fc.assert(
      fc.property(itemLists(9), fc.nat(100), (items, room) => {
        const slotCount = slotsOf(items) + room;
        const taken = (placeItems(items, slotCount) ?? []).flatMap((start, index) =>
          Array.from({ length: items[index]?.slots ?? 0 }, (_, slot) => start + slot),
        );
        expect(taken.every((slot) => slot >= 0 && slot < slotCount)).toBe(true);
        expect(taken.length).toBe(slotsOf(items));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });

  it('are null exactly when the items do not fit', () => {
    fc.assert(
      fc.property(itemLists(9), fc.integer({ min: -20, max: 20 }), (items, room) => {
        const slotCount = Math.max(0, slotsOf(items) + room);
        expect(placeItems(items, slotCount) === null).toBe(slotsOf(items) > slotCount);
      }),
    );
  });

  it('do not depend on the order of the items', () => {
    fc.assert(
      fc.property(itemLists(5), fc.nat(200), fc.infiniteStream(fc.nat()), (items, room, ranks) => {
        const slotCount = slotsOf(items) + room;
        const shuffled = items
          .map((item) => ({ item, rank: ranks.next().value as number }))
          .toSorted((left, right) => left.rank - right.rank)
          .map(({ item }) => item);
        expect(byKey(shuffled, slotCount)).toEqual(byKey(items, slotCount));
      }),
    );
  });

  it('are where the hash asks, where nobody else is near', () => {
    fc.assert(
      fc.property(hashes, fc.integer({ min: 1, max: 20 }), (hash, slots) => {
        const item = { hash, slots, key: 'alone' };
        const start = Math.min(wanted(item, 1000), 1000 - slots);
        expect(placeItems([item], 1000)).toEqual([start]);
      }),
    );
  });

  it('change only in the cluster of an item that goes', () => {
    fc.assert(
      fc.property(itemLists(5), fc.nat(1000), fc.nat(1000), (items, which, room) => {
        fc.pre(items.length > 0);
        const slotCount = slotsOf(items) * 2 + room;
        const gone = items[which % items.length];
        const before = byKey(items, slotCount);
        const after = byKey(
          items.filter((item) => item !== gone),
          slotCount,
        );
        const cluster = clusterOf(gone?.key ?? '', items, before);
        const moved = items.filter(({ key }) => after.get(key) !== before.get(key));
        expect(moved.filter(({ key }) => !cluster.has(key))).toEqual([]);
      }),
    );
  });

  it('change by nothing for items before the one that goes, away from the end', () => {
    fc.assert(
      fc.property(itemLists(5), fc.nat(1000), (items, which) => {
        fc.pre(items.length > 0);
        // Hashes in the first half, and so much room that nothing is pushed back from the end.
        const early = items.map((item) => ({ ...item, hash: item.hash >>> 1 }));
        const slotCount = slotsOf(items) * 4 + 8;
        const gone = early[which % early.length];
        const before = byKey(early, slotCount);
        const after = byKey(
          early.filter((item) => item !== gone),
          slotCount,
        );
        const start = before.get(gone?.key ?? '') ?? 0;
        const earlier = early.filter(({ key }) => (before.get(key) ?? 0) < start);
        expect(earlier.filter(({ key }) => after.get(key) !== before.get(key))).toEqual([]);
      }),
    );
  });
});

/** The keys of the items that lie side by side with one, directly or through others. */
function clusterOf(
  key: string,
  items: readonly PlacedItem[],
  places: ReadonlyMap<string, number>,
): Set<string> {
  const placed = items
    .map((item) => ({ ...item, start: places.get(item.key) ?? 0 }))
    .toSorted((left, right) => left.start - right.start || left.slots - right.slots);
  let cluster: Set<string> = new Set();
  let end = -1;
  for (const item of placed) {
    if (item.start > end) {
      if (cluster.has(key)) return cluster;
      cluster = new Set();
    }
    cluster.add(item.key);
    end = Math.max(end, item.start + item.slots);
  }
  return cluster;
}
