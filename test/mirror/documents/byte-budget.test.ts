import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createByteBudget } from '../../../mirror/documents/byte-budget.ts';

const { signal } = new AbortController();

/** Whether a promise has come to its end by now. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  const settled = promise.finally(() => (over = true));
  settled.catch(() => {});
  await setImmediate();
  return over;
}

it('who would take more than is left waits until others give back', async () => {
  const budget = createByteBudget(100);
  const first = budget.open();
  const second = budget.open();
  await first.take(60, signal);
  await second.take(40, signal);
  const waiting = second.take(1, signal);
  expect(await isOver(waiting)).toBe(false);
  first[Symbol.dispose]();
  await waiting;
  second[Symbol.dispose]();
});

it('the one that was opened first is never stopped, so that one always gets on', async () => {
  const budget = createByteBudget(100);
  const shares = [budget.open(), budget.open(), budget.open()] as const;
  for (const share of shares) await share.take(33, signal);
  const [first, second, third] = shares.map((share) => share.take(50, signal));
  if (first === undefined || second === undefined || third === undefined) throw new TypeError();
  await first;
  expect(await isOver(second)).toBe(false);
  shares[0][Symbol.dispose]();
  await second;
  expect(await isOver(third)).toBe(false);
  shares[1][Symbol.dispose]();
  await third;
});

it('the wait ends with the signal', async () => {
  const budget = createByteBudget(10);
  using first = budget.open();
  using second = budget.open();
  await first.take(10, signal);
  const stop = new AbortController();
  const waiting = second.take(1, stop.signal);
  stop.abort(new Error('the end'));
  await expect(waiting).rejects.toThrow('the end');
});
