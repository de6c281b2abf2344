import type { ErrorClass, ErrorCode } from '../../src/index.ts';
import type { RequestSummary } from '../../src/network.ts';
import type { CacheState } from '../cache/cache-state.ts';

/** What is kept and told of one request, without secrets. */
export interface RequestRecord {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** What was asked for: packument, tarball, audit, ... */
  readonly kind: string;
  readonly registry: string | null;
  readonly package: string | null;
  /** Whether the client knows that it speaks to the mirror. */
  readonly way: 'transparent' | 'conventional';
  readonly status: number;
  readonly state: CacheState;
  readonly sentBytes: number;
  readonly address: string;
  readonly buildId: string | null;
  readonly time: RequestSummary;
  readonly outcome: RequestOutcome;
}

export type RequestOutcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'client_gone' }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly class: ErrorClass;
      readonly message: string;
    };

/** Told of every request when it is over. */
export type ObserveRequest = (record: RequestRecord) => void;
