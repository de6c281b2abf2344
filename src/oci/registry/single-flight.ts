/** Runs work once for all who ask for the same key while it is under way. */
export interface SingleFlight<T> {
  /**
   * The outcome of the work under way for `key`, or of `work`, which is then started. A caller whose signal
   * aborts leaves alone; the work goes on for the others, so it must be bounded in time by itself.
   */
  run(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Promise<T>>();
  return {
    async run(key, work, signal) {
      signal?.throwIfAborted();
      let flight = flights.get(key);
      if (flight === undefined) {
        flight = work().finally(() => flights.delete(key));
        flights.set(key, flight);
      }
      return signal === undefined ? flight : orAborted(flight, signal);
    },
  };
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
