/** A limit on bytes in flight: `acquire` waits until they fit, in the order of the calls. */
export interface ByteBudget {
  /** A single claim above the limit is let through alone. */
  acquire(bytes: number): Promise<void>;
  release(bytes: number): void;
}

export function createByteBudget(limitBytes: number): ByteBudget {
  let usedBytes = 0;
  const waiting: { bytes: number; admit: () => void }[] = [];
  const admitWaiting = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (usedBytes > 0 && usedBytes + first.bytes > limitBytes) return;
      waiting.shift();
      usedBytes += first.bytes;
      first.admit();
    }
  };
  return {
    async acquire(bytes) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      waiting.push({ bytes, admit: () => resolve(undefined) });
      admitWaiting();
      await promise;
    },
    release(bytes) {
      usedBytes -= bytes;
      admitWaiting();
    },
  };
}
