/** What a span of time was spent on. Every build and every mirror request uses the same words. */
export const ledgerKinds = [
  'queue',
  'context',
  'dns',
  'connect',
  'tls',
  'registry',
  'mirror',
  'verify',
  'unpack',
  'mount',
  'exec',
  'diff',
  'tree',
  'cache',
  'cleanup',
  'chunk',
  'compress',
  'layout',
  'upload',
  'boot',
] as const;
export type LedgerKind = (typeof ledgerKinds)[number];

export interface LedgerEntry {
  readonly kind: LedgerKind;
  /** What it was spent for: a step, a layer, a URL without secrets. */
  readonly subject: string;
  readonly durationMs: number;
}

export interface LedgerSummary {
  readonly wallMs: number;
  /** Milliseconds by kind; kinds that took nothing are left out. */
  readonly byKind: Readonly<Partial<Record<LedgerKind, number>>>;
  /** Wall time that no entry explains, at least 0. */
  readonly unexplainedMs: number;
  readonly entries: readonly LedgerEntry[];
}

export interface Ledger {
  /** Runs `work` and books its time. Spans must not overlap: what runs inside a span is part of it. */
  span<T>(kind: LedgerKind, subject: string, work: () => Promise<T>): Promise<T>;
  /** Books time that was measured elsewhere. */
  add(kind: LedgerKind, subject: string, durationMs: number): void;
  summary(): LedgerSummary;
}

/** A ledger that starts now. `nowMs` is a monotonic clock in milliseconds. */
export function createLedger(nowMs: () => number = () => performance.now()): Ledger {
  const startMs = nowMs();
  const entries: LedgerEntry[] = [];
  const add = (kind: LedgerKind, subject: string, durationMs: number): void => {
    entries.push({ kind, subject, durationMs });
  };
  return {
    async span(kind, subject, work) {
      const spanStartMs = nowMs();
      try {
        return await work();
      } finally {
        add(kind, subject, nowMs() - spanStartMs);
      }
    },
    add,
    summary() {
      const wallMs = nowMs() - startMs;
      const byKind: Partial<Record<LedgerKind, number>> = {};
      let explainedMs = 0;
      for (const entry of entries) {
        byKind[entry.kind] = (byKind[entry.kind] ?? 0) + entry.durationMs;
        explainedMs += entry.durationMs;
      }
      return {
        wallMs,
        byKind,
        unexplainedMs: Math.max(0, wallMs - explainedMs),
        entries: [...entries],
      };
    },
  };
}
