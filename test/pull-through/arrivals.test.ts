import { expect, it, vi } from 'vitest';
import { createArrivals } from '../../src/pull-through/arrivals.ts';

it('what came settles after its time, and says so', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    let settled = 0;
    const arrivals = createArrivals({
      heldMs: 3_000,
      monotonicMs: () => performance.now(),
      onSettled: () => (settled += 1),
    });
    arrivals.note(10);
    vi.advanceTimersByTime(50);
    arrivals.note(20);
    expect(arrivals.settledBytes()).toBe(0);
    vi.advanceTimersByTime(2_000);
    arrivals.note(30);
    expect(arrivals.settledBytes()).toBe(0);
    vi.advanceTimersByTime(1_100);
    expect([arrivals.settledBytes(), settled]).toEqual([20, 1]);
    vi.advanceTimersByTime(2_000);
    expect([arrivals.settledBytes(), settled]).toEqual([30, 2]);
    arrivals.restart();
    expect(arrivals.settledBytes()).toBe(0);
    arrivals.note(5);
    arrivals.end();
    vi.advanceTimersByTime(10_000);
    expect(settled).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

it('with no time to settle all that is there counts', () => {
  const arrivals = createArrivals({ heldMs: 0, monotonicMs: () => 0, onSettled: () => {} });
  arrivals.note(10);
  expect(arrivals.settledBytes()).toBe(10);
});
