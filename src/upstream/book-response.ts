import type { RequestLedger } from '../ledger/request-ledger.ts';
import type { UpstreamResponse } from './upstream.ts';

/** Books what it took until the head of an answer came, with what earlier attempts took. */
export function bookResponse(
  ledger: RequestLedger,
  { timing, retriedMs }: Pick<UpstreamResponse, 'timing' | 'retriedMs'>,
): void {
  ledger.book('dns', timing.dnsMs);
  ledger.book('connect', timing.connectMs);
  ledger.book('tls', timing.tlsMs);
  ledger.book('upstream', timing.waitMs + retriedMs);
}
