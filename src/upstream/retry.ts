import { AttemptFailure } from './attempt-failure.ts';

export interface RetryPolicy {
  /** Requests in all, the first included. */
  readonly attempts: number;
  /** Waited before the first repetition, doubled for each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** The longest Retry-After that is honoured in full. */
  readonly maxRetryAfterMs: number;
}

/** Time and chance, as arguments so that tests need neither. */
export interface Waiting {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>;
  /** At least 0, below 1. */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 5,
  baseDelayMs: 250,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 30_000,
};

/**
 * How long to wait after the `failures`th failure in a row: exponential, half of it random so that many
 * clients do not return at once, and no less than the registry asked for (up to the policy's limit).
 */
export function retryDelayMs(
  failures: number,
  { policy, waiting }: { policy: RetryPolicy; waiting: Waiting },
  retryAfterMs: number | null,
): number {
  const doubled = policy.baseDelayMs * 2 ** Math.min(failures - 1, 30);
  const jittered = Math.min(policy.maxDelayMs, doubled) * (0.5 + waiting.random() / 2);
  return Math.max(jittered, Math.min(retryAfterMs ?? 0, policy.maxRetryAfterMs));
}

export interface RetryPlan {
  readonly policy: RetryPolicy;
  readonly waiting: Waiting;
  readonly signal?: AbortSignal | undefined;
  /** Makes the final failure. */
  readonly giveUp: (failure: AttemptFailure, attempts: number) => Error;
}

/** Runs `attempt` until it succeeds, fails for good, or the policy's attempts are used up. */
export async function withRetries<T>(plan: RetryPlan, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      await beforeNextAttempt(error, failures, plan);
    }
  }
}

/** Waits when the failure is a passing one and an attempt is left; throws the final failure otherwise. */
export async function beforeNextAttempt(
  error: unknown,
  failures: number,
  plan: RetryPlan,
): Promise<void> {
  plan.signal?.throwIfAborted();
  if (!(error instanceof AttemptFailure)) throw error;
  if (!error.facts.isPassing || failures >= plan.policy.attempts)
    throw plan.giveUp(error, failures);
  const delayMs = retryDelayMs(failures, plan, error.facts.retryAfterMs ?? null);
  await plan.waiting.sleep(delayMs, plan.signal);
}

/** Reads a Retry-After header: seconds or an HTTP date (RFC 9110, section 10.2.3). Null when it is neither. */
export function parseRetryAfter(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  if (/^\s*\d{1,9}\s*$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
