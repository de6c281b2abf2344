/** What a span of time was spent on. Every build and every mirror request uses the same words. */
export const ledgerKinds = [
  'start',
  'queue',
  'context',
  'source',
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
  /** What it was spent for: the digest of a layer, a tag, a host, a request without secrets. */
  readonly subject: string;
  /** The part of the work that it belongs to, such as a step with its line; null outside of any. */
  readonly part: string | null;
  /** Since the ledger began. */
  readonly startMs: number;
  readonly durationMs: number;
  /** What of the duration no entry within this one explains. */
  readonly ownMs: number;
}

export interface LedgerSummary {
  readonly wallMs: number;
  /** Milliseconds by kind, of each entry its own; kinds that took nothing are left out. */
  readonly byKind: Readonly<Partial<Record<LedgerKind, number>>>;
  /** Wall time that no entry explains, at least 0. */
  readonly unexplainedMs: number;
  /** In the order of their starts. */
  readonly entries: readonly LedgerEntry[];
}

/** A stretch of time on the ledger's clock; of several that were added up, the start of the first. */
export interface TimeTaken {
  readonly startMs: number;
  readonly durationMs: number;
}

export interface Ledger {
  /** The clock: monotonic, in milliseconds. */
  nowMs(): number;
  /** Runs `work` and books its time. Spans may lie within one another, but not overlap otherwise. */
  span<T>(kind: LedgerKind, subject: string, work: () => Promise<T>): Promise<T>;
  /**
   * Books time that was measured elsewhere, as a part of the span that is open. What has the same kind and subject within
   * one span adds up to one entry.
   */
  add(kind: LedgerKind, subject: string, taken: TimeTaken): void;
  /** Names the part of the work that everything belongs to which is booked while `work` runs. */
  part<T>(name: string, work: () => Promise<T>): Promise<T>;
  summary(): LedgerSummary;
}

interface OpenEntry {
  readonly kind: LedgerKind;
  readonly subject: string;
  readonly part: string | null;
  startMs: number;
  durationMs: number;
  /** Of the duration, what is booked by itself. */
  innerMs: number;
  readonly added: Map<string, OpenEntry>;
}

/** A ledger that began at `startMs` of its clock: now, or when the program started. */
export function createLedger(
  nowMs: () => number = () => performance.now(),
  startMs: number = nowMs(),
): Ledger {
  const entries: OpenEntry[] = [];
  let part: string | null = null;
  const begin = (kind: LedgerKind, subject: string, beganMs: number): OpenEntry => ({
    kind,
    subject,
    part,
    startMs: beganMs - startMs,
    durationMs: 0,
    innerMs: 0,
    added: new Map(),
  });
  // What is booked outside of all spans lies within the whole, which is no entry itself.
  let open = begin('start', 'all', startMs);
  return {
    nowMs,
    async span(kind, subject, work) {
      const outer = open;
      const beganMs = nowMs();
      const entry = begin(kind, subject, beganMs);
      entries.push(entry);
      open = entry;
      try {
        return await work();
      } finally {
        entry.durationMs = nowMs() - beganMs;
        outer.innerMs += entry.durationMs;
        open = outer;
      }
    },
    add(kind, subject, taken) {
      const key = `${kind} ${subject}`;
      let entry = open.added.get(key);
      if (entry === undefined) {
        entry = begin(kind, subject, taken.startMs);
        open.added.set(key, entry);
        entries.push(entry);
      }
      entry.startMs = Math.min(entry.startMs, taken.startMs - startMs);
      entry.durationMs += taken.durationMs;
      open.innerMs += taken.durationMs;
    },
    async part(name, work) {
      const outer = part;
      part = name;
      try {
        return await work();
      } finally {
        part = outer;
      }
    },
    summary: () => summarize(entries, nowMs() - startMs),
  };
}

function summarize(all: readonly OpenEntry[], wallMs: number): LedgerSummary {
  const byKind: Partial<Record<LedgerKind, number>> = {};
  let explainedMs = 0;
  const entries = all
    .map(({ kind, subject, part, startMs, durationMs, innerMs }): LedgerEntry => {
      const ownMs = Math.max(0, durationMs - innerMs);
      byKind[kind] = (byKind[kind] ?? 0) + ownMs;
      explainedMs += ownMs;
      return { kind, subject, part, startMs, durationMs, ownMs };
    })
    .toSorted((left, right) => left.startMs - right.startMs);
  return { wallMs, byKind, unexplainedMs: Math.max(0, wallMs - explainedMs), entries };
}
