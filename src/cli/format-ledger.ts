import type { Json } from '../image/canonical-json.ts';
import type { LedgerSummary } from '../ledger/ledger.ts';

/** One line that says where the time went, the longest first, and what share nothing explains. */
export function formatLedger(summary: LedgerSummary): string {
  const kinds = Object.entries(summary.byKind).toSorted(([, left], [, right]) => right - left);
  const parts = kinds.map(([kind, durationMs]) => `${kind} ${formatSeconds(durationMs)}`);
  const share = summary.wallMs === 0 ? 0 : (summary.unexplainedMs / summary.wallMs) * 100;
  parts.push(`unexplained ${formatSeconds(summary.unexplainedMs)} (${share.toFixed(0)} %)`);
  return `time: ${formatSeconds(summary.wallMs)} = ${parts.join(' + ')}`;
}

/** All of it for programs: sums, and every entry with what it was for, its start and its duration. */
export function ledgerJson({ wallMs, byKind, unexplainedMs, entries }: LedgerSummary): Json {
  const sums = Object.entries(byKind).map(([kind, durationMs]) => [kind, rounded(durationMs)]);
  return {
    wallMs: rounded(wallMs),
    byKind: Object.fromEntries(sums) as Record<string, number>,
    unexplainedMs: rounded(unexplainedMs),
    entries: entries.map(({ kind, subject, part, startMs, durationMs, ownMs }) => ({
      kind,
      subject,
      part,
      startMs: rounded(startMs),
      durationMs: rounded(durationMs),
      ownMs: rounded(ownMs),
    })),
  };
}

/** To a thousandth of a millisecond. */
function rounded(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}

export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)}s`;
}
