import type { ErrorCode } from '../errors/catalogue.ts';

export interface AttemptFailureFacts {
  readonly code: Extract<
    ErrorCode,
    | 'registry_unavailable'
    | 'registry_rate_limited'
    | 'registry_untrusted'
    | 'registry_corrupt'
    | 'registry_auth_required'
    | 'base_not_found'
    | 'config_invalid'
    | 'address_refused'
  >;
  /** Whether the same request may succeed in a moment. */
  readonly isPassing: boolean;
  /** What the registry asked for with Retry-After. */
  readonly retryAfterMs?: number | null;
  readonly status?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** One request that failed: what is retried, or becomes an `AshlarError` that says how often it was tried. */
export class AttemptFailure extends Error {
  readonly facts: AttemptFailureFacts;

  /** `problem` is a whole clause that names the host, without secrets. */
  constructor(problem: string, facts: AttemptFailureFacts) {
    super(problem, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'AttemptFailure';
    this.facts = facts;
  }
}
