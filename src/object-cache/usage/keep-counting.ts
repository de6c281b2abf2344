import { setTimeout as sleep } from 'node:timers/promises';
import type { Evictor } from './usage-evictor.ts';
import type { UsageIndex } from './usage-index.ts';
import type { ReconcileOptions } from './usage-reconcile.ts';

export interface CountingOptions extends ReconcileOptions {
  readonly usage: UsageIndex;
  readonly evictor: Evictor;
  /** How often the store is listed to learn what other hosts did to it; `Infinity` where there are none, or no limit. */
  readonly everyMs: number;
  /** Listing ends for good when it is aborted. */
  readonly signal: AbortSignal;
  /** Told of each listing that fails; the next one comes in its time. */
  readonly onProblem: (error: unknown) => void;
  readonly nowMs?: () => number;
}

/** Processes of one host look this often whether one of them has listed meanwhile. */
const looksPerPeriod = 4;
/** After a listing that failed, as long as nobody knows what there is. */
const retryMs = 60_000;
/** What a timer can wait. */
const longestWaitMs = 2 ** 31 - 1;

/**
 * Lists the store at once where the index is not complete, and then from time to time, one listing after the other and once
 * for all processes of this host; after each what is too much is evicted. Resolves when the signal is aborted.
 */
export async function keepCounting(options: CountingOptions): Promise<void> {
  const { usage, evictor, everyMs, signal, onProblem, nowMs = Date.now } = options;
  const isDue = (): boolean => !usage.isComplete() || nowMs() - usage.listedMs() >= everyMs;
  const waitMs = (): number =>
    Math.min(everyMs / looksPerPeriod, usage.isComplete() ? longestWaitMs : retryMs);
  while (!signal.aborted) {
    try {
      if (isDue()) {
        await usage.reconcile(options);
        await evictor.makeRoom(0);
      }
    } catch (error) {
      if (!signal.aborted) onProblem(error);
    }
    // Rejects when it is aborted, and then this is the end.
    await sleep(waitMs(), undefined, { signal, ref: false }).catch(() => {});
  }
}
