import type { PullContext } from './pull-context.ts';

const maxTurns = 5;

export interface ClaimPatience {
  /** How long is waited for another process; then the work is done here too. Default: as long as that takes. */
  readonly patienceMs?: number;
}

/**
 * Runs `work` while no other process of this host does so for the same key. Another one may have done it meanwhile, also
 * where nobody had to be waited for: `work` looks first.
 */
export async function claimed<T>(
  { claims, waiting }: Pick<PullContext, 'claims' | 'waiting'>,
  key: string,
  work: () => Promise<T>,
  { patienceMs }: ClaimPatience = {},
): Promise<T> {
  const untilMs = patienceMs === undefined ? Infinity : waiting.nowMs() + patienceMs;
  for (let turn = 0; ; turn += 1) {
    const claim = await claims.claim(key);
    if (claim.kind === 'mine') {
      try {
        return await work();
      } finally {
        await claim.release();
      }
    }
    await (untilMs === Infinity
      ? claim.ended
      : endedWithin(claim.ended, { waiting, timeMs: untilMs - waiting.nowMs() }));
    // Who waits that often for others that all fail does it alone.
    if (turn >= maxTurns || waiting.nowMs() >= untilMs) return work();
  }
}

async function endedWithin(
  ended: Promise<void>,
  { waiting, timeMs }: { readonly waiting: PullContext['waiting']; readonly timeMs: number },
): Promise<void> {
  const done = new AbortController();
  const late = waiting.sleep(Math.max(0, timeMs), done.signal).catch(() => {});
  try {
    await Promise.race([ended, late]);
  } finally {
    done.abort();
  }
}
