import type { Checked, Found } from '../../src/network.ts';

/** What is left of the time for which a document is given out unasked; nothing for what is stale. */
export function cacheControl(
  { checkedAtMs }: Checked,
  request: { readonly isPrivate: boolean; readonly maxAgeMs: number; readonly nowMs: number },
): string {
  if (request.isPrivate) return 'private, max-age=0';
  const leftMs = request.maxAgeMs - (request.nowMs - checkedAtMs);
  const seconds = Math.floor(Math.min(leftMs, request.maxAgeMs) / 1000);
  return `public, max-age=${Math.max(0, seconds)}`;
}

/** Warning (RFC 7234, section 5.5) is obsolete in RFC 9111, but the only field that says it in words. */
export function staleHeaders(
  { record, staleBecause }: Found<Checked>,
  nowMs: number,
): Record<string, string> {
  const age = { age: String(Math.max(0, Math.floor((nowMs - record.checkedAtMs) / 1000))) };
  if (staleBecause === null) return age;
  const since = new Date(record.checkedAtMs).toUTCString();
  const reason = staleBecause.replaceAll(/[^\x20-\x7e]+/g, ' ').replaceAll(/["\\]/g, "'");
  return {
    ...age,
    warning: `111 ashlar "not confirmed since ${since}: ${reason.slice(0, 200)}"`,
  };
}
