import type { Checked, Found } from '../../src/network.ts';

/** Clients show it on a line of a terminal; reasons of upstream can be pages. */
const maxWarningLength = 400;

/**
 * How old an answer is, and a warning where upstream has not confirmed it in time, in the one form that the specification lets
 * registries send and clients show (OCI distribution-spec 1.1, "Warnings").
 */
export function staleHeaders(
  { record, staleBecause }: Found<Checked>,
  nowMs: number,
): Readonly<Record<string, string>> {
  const age = String(Math.max(0, Math.floor((nowMs - record.checkedAtMs) / 1000)));
  if (staleBecause === null) return { age };
  const since = new Date(record.checkedAtMs).toISOString();
  const text = `served stale, not confirmed since ${since}: ${staleBecause}`
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .replaceAll(/["\\]/g, "'")
    .slice(0, maxWarningLength);
  return { age, warning: `299 - "${text}"` };
}
