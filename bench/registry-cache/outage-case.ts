import { setTimeout as pause } from 'node:timers/promises';
import { type BurstResult, burst, type Stage, warmUp, withEmptyServer } from './cases.ts';
import type { Outage } from './recorded-upstream.ts';
import type { RegistryServer } from './registry-server.ts';

/** How long a tag is held to be true in this case, and how long is waited after it was asked for. */
export const tagMaxAgeSec = 1;
const afterTagMs = 1_500;

/** A client that has heard nothing for this long has failed. */
const idleTimeoutMs = 15_000;

export interface OutageResult {
  readonly server: string;
  /** The same burst, with the tag's time over as well, while upstream answered. */
  readonly before: BurstResult;
  readonly during: BurstResult;
  /** By how much the p99 of pulls is longer than before. */
  readonly excessMs: number;
}

/** All pull at once what is in the cache, but the tag's time is over and upstream does not answer. */
export function outagePulls(
  stage: Stage,
  server: RegistryServer,
  how: Outage,
): Promise<OutageResult> {
  const { upstream } = stage;
  return withEmptyServer(stage, server, async (running) => {
    const started = { server, running };
    await warmUp(stage, started);
    await pause(afterTagMs);
    const before = await burst(stage, started, { verify: 'all', idleTimeoutMs });
    await pause(afterTagMs);
    await upstream.resetCounts();
    await upstream.outage(how);
    try {
      const during = await burst(stage, started, { verify: 'all', idleTimeoutMs });
      const excessMs = Math.max(0, during.p99Ms - before.p99Ms);
      return { server: server.name, before, during, excessMs };
    } finally {
      await upstream.restore();
    }
  });
}
