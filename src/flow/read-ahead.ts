/** Where numbered things can be read one at a time, or several that follow each other for little more. */
export interface ReadAheadSource<T> {
  readonly count: number;
  readonly batch: number;
  one(number: number): Promise<T>;
  many(first: number, count: number): Promise<readonly T[]>;
  /** True for an error of `many` that may lie in one of the others: then each is read by itself. */
  isPartial(error: unknown): boolean;
}

/** Reads by number; whoever asks for one after the other gets those that follow in batches. */
export function createReadAhead<T>(source: ReadAheadSource<T>): (number: number) => Promise<T> {
  const ready = new Map<number, T>();
  let expected = -1;
  return async (number) => {
    const isNext = number === expected;
    expected = number + 1;
    if (!ready.has(number) && isNext) {
      ready.clear();
      const count = Math.min(source.batch, source.count - number);
      for (const [index, item] of (await readMany(source, number, count)).entries())
        ready.set(number + index, item);
    }
    const item = ready.get(number);
    ready.delete(number);
    return item ?? source.one(number);
  };
}

async function readMany<T>(
  source: ReadAheadSource<T>,
  first: number,
  count: number,
): Promise<readonly T[]> {
  try {
    return await source.many(first, count);
  } catch (error) {
    if (source.isPartial(error)) return [];
    throw error;
  }
}
