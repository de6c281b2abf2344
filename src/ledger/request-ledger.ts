/** What the time of a request to a mirror or cache went to. */
export const requestKinds = [
  'queue',
  'dns',
  'connect',
  'tls',
  'token',
  'upstream',
  'cache',
  'verify',
  'send',
] as const;
export type RequestKind = (typeof requestKinds)[number];

/** Adds up where a request's time goes: thousands a second have one each, so it keeps sums alone. */
export interface RequestLedger {
  /** The clock: monotonic, in milliseconds. */
  nowMs(): number;
  book(kind: RequestKind, durationMs: number): void;
  /** Runs `work` and books its time, less what was booked under another kind meanwhile. */
  span<T>(kind: RequestKind, work: () => Promise<T>): Promise<T>;
  /** Since the request began. */
  elapsedMs(): number;
  summary(): RequestSummary;
}

export interface RequestSummary {
  readonly wallMs: number;
  readonly byKind: Readonly<Partial<Record<RequestKind, number>>>;
  /** Wall time that nothing explains, at least 0. */
  readonly unexplainedMs: number;
}

export function createRequestLedger(nowMs: () => number = () => performance.now()): RequestLedger {
  const beganMs = nowMs();
  const byKind: Partial<Record<RequestKind, number>> = {};
  let bookedMs = 0;
  const book = (kind: RequestKind, durationMs: number): void => {
    if (durationMs <= 0) return;
    byKind[kind] = (byKind[kind] ?? 0) + durationMs;
    bookedMs += durationMs;
  };
  return {
    nowMs,
    book,
    async span(kind, work) {
      const spanMs = nowMs();
      const before = bookedMs;
      try {
        return await work();
      } finally {
        book(kind, nowMs() - spanMs - (bookedMs - before));
      }
    },
    elapsedMs: () => nowMs() - beganMs,
    summary() {
      const wallMs = nowMs() - beganMs;
      return { wallMs, byKind: { ...byKind }, unexplainedMs: Math.max(0, wallMs - bookedMs) };
    },
  };
}
