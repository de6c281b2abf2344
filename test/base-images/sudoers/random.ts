/** The same choices for the same seed. */
export interface Random {
  /** From 0 up to, and without, `below`. */
  below(below: number): number;
  chance(probability: number): boolean;
  of<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Between `least` and `most` of them. */
  some<Item>(one: () => Item, least: number, most: number): Item[];
}

/** mulberry32, which is good enough for tests and small. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    of: (items) => items[below(items.length)] ?? items[0],
    some: (one, least, most) => Array.from({ length: least + below(most - least + 1) }, one),
  };
}
