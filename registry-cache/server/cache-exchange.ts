import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestLedger } from '../../src/network.ts';

/** One request and what is known of it. */
export interface CacheExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ledger: RequestLedger;
  /** Aborted when the client is gone or has waited long enough, and when the cache ends. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}
