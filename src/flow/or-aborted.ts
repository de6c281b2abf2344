/** The outcome of a promise, or the signal's reason when that comes first; what was begun goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = promise.then(() => {});
  // Whoever waits may leave before it fails, and nobody else hears of that.
  settled.catch(() => {});
  promise.catch(() => {});
  await orAborted(settled, signal);
  return promise;
}

/** Waits for a promise, or throws the signal's reason. */
export async function orAborted(
  done: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return done;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([done, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
