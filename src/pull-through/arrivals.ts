/** How much of a body had come some time ago. */
export interface Arrivals {
  /** So much of it is there now. */
  note(sizeBytes: number): void;
  /** So much was there `heldMs` ago. */
  settledBytes(): number;
  /** The body begins anew. */
  restart(): void;
  /** Nobody wants to know any more. */
  end(): void;
}

export interface ArrivalsOptions {
  /** 0: all that is there counts. */
  readonly heldMs: number;
  readonly monotonicMs: () => number;
  /** Told when more has settled. */
  readonly onSettled: () => void;
}

/** What comes within so short a time settles together. */
const markMs = 100;

export function createArrivals({ heldMs, monotonicMs, onSettled }: ArrivalsOptions): Arrivals {
  let marks: { readonly atMs: number; readonly sizeBytes: number }[] = [];
  let lastBytes = 0;
  let settledBytes = 0;
  const timers = new Set<NodeJS.Timeout>();
  const clear = (): void => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    marks = [];
  };
  const mark = (): void => {
    marks.push({ atMs: monotonicMs(), sizeBytes: lastBytes });
    const timer = setTimeout(() => {
      timers.delete(timer);
      onSettled();
    }, heldMs);
    timers.add(timer.unref());
  };
  let pending: NodeJS.Timeout | undefined;
  return {
    note(sizeBytes) {
      lastBytes = sizeBytes;
      if (heldMs === 0 || pending !== undefined) return;
      pending = setTimeout(() => {
        pending = undefined;
        mark();
      }, markMs).unref();
    },
    settledBytes() {
      if (heldMs === 0) return lastBytes;
      const beforeMs = monotonicMs() - heldMs;
      for (let first = marks[0]; first !== undefined && first.atMs <= beforeMs; first = marks[0]) {
        settledBytes = first.sizeBytes;
        marks.shift();
      }
      return settledBytes;
    },
    restart() {
      clear();
      lastBytes = 0;
      settledBytes = 0;
    },
    end() {
      clearTimeout(pending);
      clear();
    },
  };
}
