/** Lets a number of tasks run at once and makes who brings more wait. */
export interface Limiter {
  /**
   * Waits for a free place, starts the task and returns without waiting for its end. When a task failed, this and every
   * later call throws its error.
   */
  enter(task: () => Promise<void>): Promise<void>;
  /** Waits until no task runs; throws the first failure. */
  drain(): Promise<void>;
  /** Throws the failure of a task that ended, if there is one. */
  check(): void;
}

export function createLimiter(places: number): Limiter {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const check = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    check,
    async enter(task) {
      check();
      while (running.size >= places) {
        await Promise.race(running);
        check();
      }
      const run: Promise<void> = task().then(
        () => {
          running.delete(run);
        },
        (error: unknown) => {
          running.delete(run);
          failure ??= { error };
        },
      );
      running.add(run);
    },
    async drain() {
      while (running.size > 0) await Promise.race(running);
      check();
    },
  };
}
