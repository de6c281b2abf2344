import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/flow/limiter.ts';

function gate(): { readonly opened: Promise<void>; open(): void; fail(error: Error): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve, fail: reject };
}

describe('a limiter', () => {
  it('never runs more than it has places for, and runs all', async () => {
    const limiter = createLimiter(3);
    let running = 0;
    let most = 0;
    let done = 0;
    const task = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      done += 1;
    };
    await Promise.all(Array.from({ length: 50 }, () => limiter.enter(task)));
    await limiter.drain();
    expect([most, done, running]).toEqual([3, 50, 0]);
  });

  it('lets in without waiting for the end, and makes wait when it is full', async () => {
    const limiter = createLimiter(1);
    const first = gate();
    await limiter.enter(() => first.opened);
    let isIn = false;
    const second = limiter.enter(async () => {
      isIn = true;
    });
    await new Promise(setImmediate);
    expect(isIn).toBe(false);
    first.open();
    await second;
    await limiter.drain();
    expect(isIn).toBe(true);
  });

  it('tells the first failure to all who come later, and waits for what runs', async () => {
    const limiter = createLimiter(2);
    const [bad, slow] = [gate(), gate()];
    await limiter.enter(() => bad.opened);
    await limiter.enter(() => slow.opened);
    const waiting = limiter.enter(() => Promise.reject(new Error('never started')));
    bad.fail(new Error('first'));
    await expect(waiting).rejects.toThrow('first');
    expect(() => limiter.check()).toThrow('first');
    await expect(limiter.enter(async () => {})).rejects.toThrow('first');
    let isDrained = false;
    const draining = limiter.drain().finally(() => {
      isDrained = true;
    });
    await new Promise(setImmediate);
    expect(isDrained).toBe(false);
    slow.fail(new Error('second'));
    await expect(draining).rejects.toThrow('first');
  });
});
