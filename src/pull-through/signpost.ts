import { orAborted } from '../flow/or-aborted.ts';

/** Tells any number of waiters that something has changed; what changed they look up themselves. */
export interface Signpost {
  notify(): void;
  /** Call before looking; the result waits for a change since then. Rejects with the reason of an aborted signal. */
  next(): (signal?: AbortSignal) => Promise<void>;
}

export function createSignpost(): Signpost {
  let change = Promise.withResolvers<void>();
  let isAwaited = false;
  return {
    notify() {
      if (!isAwaited) return;
      isAwaited = false;
      change.resolve();
      change = Promise.withResolvers();
    },
    next() {
      isAwaited = true;
      const { promise } = change;
      return (signal) => orAborted(promise, signal);
    },
  };
}
