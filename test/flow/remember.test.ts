import { describe, expect, it } from 'vitest';
import { createReadAhead } from '../../src/flow/read-ahead.ts';
import { cached, once, shared } from '../../src/flow/remember.ts';

describe('once', () => {
  it('makes one value for all who ask, at the same time or later', async () => {
    let made = 0;
    const value = once(async () => (made += 1));
    expect(await Promise.all([value(), value()])).toEqual([1, 1]);
    expect(await value()).toBe(1);
  });

  it('does not keep a failure', async () => {
    let tries = 0;
    const value = once(async () => {
      tries += 1;
      if (tries === 1) throw new Error('down');
      return tries;
    });
    await expect(Promise.all([value(), value()])).rejects.toThrow('down');
    expect(await value()).toBe(2);
    expect(await value()).toBe(2);
  });
});

describe('cached', () => {
  it('keeps so many, drops the oldest, and keeps no failure', async () => {
    const made: number[] = [];
    const value = cached(2, async (key: number) => {
      made.push(key);
      if (key < 0) throw new Error('no');
      return key * 10;
    });
    expect([await value(1), await value(2), await value(1)]).toEqual([10, 20, 10]);
    await value(3);
    await value(2);
    await value(1);
    expect(made).toEqual([1, 2, 3, 1]);
    await expect(value(-1)).rejects.toThrow('no');
    await expect(value(-1)).rejects.toThrow('no');
    expect(made.filter((key) => key === -1)).toHaveLength(2);
  });
});

describe('shared', () => {
  it('runs once for calls at the same time, and anew afterwards', async () => {
    let runs = 0;
    const work = shared(async (key: string) => {
      runs += 1;
      await new Promise(setImmediate);
      if (key === 'bad') throw new Error('bad');
      return `${key} ${runs}`;
    });
    expect(await Promise.all([work('a'), work('a'), work('b')])).toEqual(['a 2', 'a 2', 'b 2']);
    expect(await work('a')).toBe('a 3');
    const outcomes = await Promise.allSettled([work('bad'), work('bad')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(runs).toBe(4);
  });
});

describe('reading ahead', () => {
  function source(count: number, batch: number) {
    const calls: string[] = [];
    let broken: number | null = null;
    const read = createReadAhead({
      count,
      batch,
      one: async (number) => {
        calls.push(`one ${number}`);
        if (number === broken) throw new Error(`broken ${number}`);
        return number * 10;
      },
      many: async (first, length) => {
        calls.push(`many ${first}+${length}`);
        if (broken !== null && broken >= first && broken < first + length)
          throw new RangeError('partial');
        return Array.from({ length }, (_, index) => (first + index) * 10);
      },
      isPartial: (error) => error instanceof RangeError,
    });
    return { read, calls, damage: (number: number) => void (broken = number) };
  }

  it('takes batches when it is asked in order', async () => {
    const { read, calls } = source(10, 4);
    const values = [];
    for (let number = 0; number < 10; number += 1) values.push(await read(number));
    expect(values).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(calls).toEqual(['one 0', 'many 1+4', 'many 5+4', 'many 9+1']);
  });

  it('takes single ones when it is not', async () => {
    const { read, calls } = source(10, 4);
    for (const number of [5, 2, 7, 2]) expect(await read(number)).toBe(number * 10);
    expect(calls).toEqual(['one 5', 'one 2', 'one 7', 'one 2']);
  });

  it('reads what is whole when one of a batch is not', async () => {
    const { read, damage } = source(10, 4);
    damage(3);
    const values = [];
    for (let number = 0; number < 10; number += 1)
      values.push(await read(number).catch((error: Error) => error.message));
    expect(values).toEqual([0, 10, 20, 'broken 3', 40, 50, 60, 70, 80, 90]);
  });
});
