import { type BodySpool, createBodySpool } from './body-spool.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { createSignpost, type Signpost } from './signpost.ts';
import type { TransferPlan } from './transfer.ts';

/** What who fetches a body and who reads it meanwhile share. */
export interface TransferState {
  /** What has come so far; another one once the body is fetched anew. */
  readonly spool: SharedSpool;
  totalBytes: number | null;
  readonly arrivals: Arrivals;
  outcome:
    | { readonly kind: 'verified' }
    | { readonly kind: 'failed'; readonly error: unknown }
    | null;
  readonly opened: PromiseWithResolvers<{ readonly totalBytes: number | null }>;
  readonly verified: PromiseWithResolvers<{ readonly sizeBytes: number }>;
  /** Told of every change of the above. */
  readonly changed: Signpost;
  /** Begins another spool; what has come goes when no reader holds it any more. */
  restart(): void;
  /** What has come is kept until all handles are disposed. */
  hold(): Disposable;
}

/** A spool that is removed when the last who holds it lets go. */
export type SharedSpool = Omit<BodySpool, keyof AsyncDisposable> & { hold(): Disposable };

export function createTransferState(plan: TransferPlan): TransferState {
  const changed = createSignpost();
  const arrivals = createArrivals({
    heldMs: plan.limits.heldMs,
    monotonicMs: plan.monotonicMs ?? (() => performance.now()),
    onSettled: () => changed.notify(),
  });
  let spool = shareSpool(plan);
  let kept = spool.hold();
  const hold = createHolds(() => kept[Symbol.dispose]());
  const state: TransferState = {
    get spool() {
      return spool;
    },
    totalBytes: null,
    arrivals,
    outcome: null,
    opened: Promise.withResolvers(),
    verified: Promise.withResolvers(),
    changed,
    restart() {
      kept[Symbol.dispose]();
      spool = shareSpool(plan);
      kept = spool.hold();
      arrivals.restart();
      changed.notify();
    },
    hold,
  };
  // Who does not wait for them shall not end the process.
  for (const { promise } of [state.opened, state.verified]) promise.catch(() => {});
  return state;
}

function shareSpool({ limits, spool: place, makeRoom }: TransferPlan): SharedSpool {
  const spool = createBodySpool({
    place,
    memoryBytes: limits.wholeBytes,
    ...(makeRoom === undefined ? {} : { makeRoom }),
  });
  // Closing waits for reads that are under way. What cannot be removed now goes with the directory.
  const drop = (): void => void Promise.resolve(spool[Symbol.asyncDispose]()).catch(() => {});
  return Object.assign(spool, { hold: createHolds(drop) });
}

/** Counts handles, and calls back when the last one is disposed. */
function createHolds(onNone: () => void): () => Disposable {
  let count = 0;
  return () => {
    count += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]() {
        if (!isHeld) return;
        isHeld = false;
        count -= 1;
        if (count === 0) onNone();
      },
    };
  };
}
