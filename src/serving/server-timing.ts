import type { RequestSummary } from '../ledger/request-ledger.ts';

/** The Server-Timing header (W3C Server Timing): what the time until now went to, in milliseconds. */
export function serverTiming({ byKind, wallMs }: RequestSummary): string {
  const parts = Object.entries(byKind).map(([kind, ms]) => `${kind};dur=${ms.toFixed(1)}`);
  return [...parts, `total;dur=${wallMs.toFixed(1)}`].join(', ');
}
