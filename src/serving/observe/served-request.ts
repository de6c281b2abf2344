import type { ErrorClass, ErrorCode } from '../../errors/catalogue.ts';
import type { RequestSummary } from '../../ledger/request-ledger.ts';
import type { CacheState } from '../../pull-through/cache-state.ts';

/** What is kept and told of one request, without secrets. */
export interface ServedRequest extends SeenRequest {
  /** What was asked for: packument, tarball, manifest, blob, ... */
  readonly kind: string;
  readonly registry: string | null;
  /** The package or repository that was asked for. */
  readonly subject: string | null;
  /** How the client came here, in a word. */
  readonly way: string;
  readonly address: string;
  /** What the client says that it builds. */
  readonly buildId: string | null;
}

/** What shows of a request whatever it asks for. */
export interface SeenRequest {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  readonly status: number;
  readonly state: CacheState;
  readonly sentBytes: number;
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
      readonly hint: string;
    };
