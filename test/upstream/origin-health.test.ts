import { expect, it } from 'vitest';
import { AttemptFailure } from '../../src/upstream/attempt-failure.ts';
import { createOriginHealth, defaultHealthPolicy } from '../../src/upstream/origin-health.ts';
import type { Waiting } from '../../src/upstream/retry.ts';

/** A clock that stands, but for sleeps, which are noted and pass at once. */
function scriptedClock(startMs: number): Waiting & { slept: number[]; set(nowMs: number): void } {
  let nowMs = startMs;
  const slept: number[] = [];
  return {
    slept,
    set: (toMs) => {
      nowMs = toMs;
    },
    nowMs: () => nowMs,
    random: () => 0.5,
    async sleep(delayMs) {
      slept.push(delayMs);
      nowMs += delayMs;
    },
  };
}

const failure = (facts: AttemptFailure['facts']): AttemptFailure =>
  new AttemptFailure('broken', facts);
const passing = { code: 'registry_unavailable', isPassing: true } as const;

function troubled(clock: Waiting): ReturnType<typeof createOriginHealth> {
  const health = createOriginHealth(defaultHealthPolicy, clock);
  for (let count = 0; count < defaultHealthPolicy.failuresToRest; count += 1)
    health.failed(failure(passing));
  return health;
}

it('an origin that fails rests, and longer with each further failure', async () => {
  const clock = scriptedClock(1_000_000);
  const health = troubled(clock);
  for (let count = 0; count < 6; count += 1) {
    await health.enter();
    health.failed(failure(passing));
  }
  await health.enter();
  expect(clock.slept).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000, 2_000]);
});

it('a clock that is put back by a day does not make it rest for a day', async () => {
  const clock = scriptedClock(100_000_000);
  const health = troubled(clock);
  clock.set(100_000_000 - 86_400_000);
  expect(health.readyAtMs() - clock.nowMs()).toBeLessThanOrEqual(
    defaultHealthPolicy.maxLimitRestMs,
  );
  await health.enter();
  const rested = clock.slept.reduce((sum, each) => sum + each, 0);
  expect(rested).toBeLessThanOrEqual(defaultHealthPolicy.maxLimitRestMs);
});

it('a stated Retry-After is waited for, but no longer than the limit', async () => {
  const clock = scriptedClock(1_000_000);
  const health = createOriginHealth(defaultHealthPolicy, clock);
  const limited = { ...passing, status: 429, retryAfterMs: 3_600_000 };
  for (let count = 0; count < defaultHealthPolicy.limitsToRest; count += 1)
    health.failed(failure(limited));
  await health.enter();
  expect(clock.slept).toEqual([defaultHealthPolicy.maxLimitRestMs]);
});

it('what does not pass is told at once, and lets nobody wait', async () => {
  const clock = scriptedClock(1_000_000);
  const health = createOriginHealth(defaultHealthPolicy, clock);
  const facts = { code: 'registry_untrusted', isPassing: false, hint: 'Mend it.' } as const;
  for (let count = 0; count < 20; count += 1) {
    await health.enter();
    health.failed(failure(facts));
  }
  expect(clock.slept).toEqual([]);
  expect(health.state()).toMatchObject({
    isResting: false,
    failuresInRow: 20,
    lastFailure: 'broken. Mend it.',
    troubledSinceMs: 1_000_000,
  });
});
