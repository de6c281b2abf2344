export interface PlacedItem {
  /** Where the item wants to start: a 32-bit hash, scaled to the slots. */
  readonly hash: number;
  /** Breaks ties of the hash; unique. */
  readonly key: string;
  readonly slots: number;
}

/**
 * Gives each item a start among `slotCount` slots, without overlap. It is linear probing in sorted order: items take
 * the slot that their hash asks for, or the first free one after it. The result does not depend on the order of
 * `items`, and an item that comes or goes moves only the items of its own cluster: so equal parts of different trees
 * get equal places. Items pushed over the end move back from it. Returns null when they do not fit.
 */
export function placeItems(items: readonly PlacedItem[], slotCount: number): number[] | null {
  const wanted = items.map((item) => Math.floor((item.hash / 2 ** 32) * slotCount));
  const order = items.map((_, index) => index);
  order.sort((left, right) => compareItems(left, right, items, wanted));
  const starts: number[] = Array.from({ length: items.length }, () => 0);
  let next = 0;
  for (const index of order) {
    const start = Math.max(wanted[index] ?? 0, next);
    starts[index] = start;
    next = start + (items[index]?.slots ?? 0);
  }
  let limit = slotCount;
  for (const index of order.reverse()) {
    const latest = limit - (items[index]?.slots ?? 0);
    const start = starts[index] ?? 0;
    if (start <= latest) break;
    starts[index] = latest;
    limit = latest;
  }
  return limit < 0 ? null : starts;
}

function compareItems(
  left: number,
  right: number,
  items: readonly PlacedItem[],
  wanted: readonly number[],
): number {
  const distance = (wanted[left] ?? 0) - (wanted[right] ?? 0);
  if (distance !== 0) return distance;
  return (items[left]?.key ?? '') < (items[right]?.key ?? '') ? -1 : 1;
}
