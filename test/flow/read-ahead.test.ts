import { describe, expect, it } from 'vitest';
import { createReadAhead } from '../../src/flow/read-ahead.ts';

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
