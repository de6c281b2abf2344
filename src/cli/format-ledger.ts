import type { LedgerSummary } from '../ledger/ledger.ts';

/** One line that says where the time went, the longest first, and what share nothing explains. */
export function formatLedger(summary: LedgerSummary): string {
  const kinds = Object.entries(summary.byKind).toSorted(([, left], [, right]) => right - left);
  const parts = kinds.map(([kind, durationMs]) => `${kind} ${formatSeconds(durationMs)}`);
  const share = summary.wallMs === 0 ? 0 : (summary.unexplainedMs / summary.wallMs) * 100;
  parts.push(`unexplained ${formatSeconds(summary.unexplainedMs)} (${share.toFixed(0)} %)`);
  return `time: ${formatSeconds(summary.wallMs)} = ${parts.join(' + ')}`;
}

export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)}s`;
}
