import { describe, expect, it } from 'vitest';
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
