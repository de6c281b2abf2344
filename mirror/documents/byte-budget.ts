import { orAborted } from '../../src/index.ts';

/** Keeps what several tasks hold in memory at one time below a limit: others wait. */
export interface ByteBudget {
  /** A task that holds nothing yet. Disposing it gives back all that it took. */
  open(): ByteShare;
}

export interface ByteShare extends Disposable {
  /**
   * Waits until so many more bytes fit. The task that was opened first never waits, so that one always gets on: the limit is
   * exceeded by what that one takes. Throws the signal's reason.
   */
  take(sizeBytes: number, signal: AbortSignal): Promise<void>;
}

export function createByteBudget(limitBytes: number): ByteBudget {
  /** What each holds, in the order in which they were opened. */
  const shares = new Map<symbol, number>();
  let heldBytes = 0;
  let given = Promise.withResolvers<void>();
  const fits = (sizeBytes: number): boolean => heldBytes + sizeBytes <= limitBytes;
  return {
    open() {
      const id = Symbol('share');
      shares.set(id, 0);
      const isFirst = (): boolean => shares.keys().next().value === id;
      return {
        async take(sizeBytes, signal) {
          while (!isFirst() && !fits(sizeBytes)) await orAborted(given.promise, signal);
          heldBytes += sizeBytes;
          shares.set(id, (shares.get(id) ?? 0) + sizeBytes);
        },
        [Symbol.dispose]() {
          heldBytes -= shares.get(id) ?? 0;
          shares.delete(id);
          given.resolve();
          given = Promise.withResolvers();
        },
      };
    },
  };
}
