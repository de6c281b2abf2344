import { orAborted } from '../flow/or-aborted.ts';
import type { AttemptFailure } from './attempt-failure.ts';
import type { Waiting } from './retry.ts';

export interface HealthPolicy {
  /** Passing failures in a row after which an origin rests. */
  readonly failuresToRest: number;
  /** Answers of 429 in a row after which it rests. */
  readonly limitsToRest: number;
  /** The first rest; doubled by each further failure. */
  readonly restMs: number;
  readonly maxRestMs: number;
  /** The longest Retry-After that all requests wait for. */
  readonly maxLimitRestMs: number;
}

export const defaultHealthPolicy: HealthPolicy = {
  failuresToRest: 6,
  limitsToRest: 4,
  restMs: 250,
  maxRestMs: 2_000,
  maxLimitRestMs: 10_000,
};

/** What is known of an origin, for people. */
export interface HealthState {
  readonly isResting: boolean;
  readonly failuresInRow: number;
  readonly limitsInRow: number;
  readonly lastFailure: string | null;
  readonly lastFailureAtMs: number | null;
  /** How long the present trouble has lasted; null where there is none. */
  readonly troubledSinceMs: number | null;
}

/**
 * Keeps requests from an origin that fails. While it rests, those who ask wait; after each rest one of them is let
 * through, and what comes of it decides for all.
 */
export interface OriginHealth {
  /** Waits until a request may be sent. Each call has to be followed by exactly one of the three below. */
  enter(signal?: AbortSignal): Promise<void>;
  /** An answer came, whatever it says: 404 is no failure. */
  succeeded(): void;
  failed(failure: AttemptFailure): void;
  /** The one who asked went away before there was an answer. */
  abandoned(): void;
  /** When the next request may be sent; 0 for at once. */
  readyAtMs(): number;
  state(): HealthState;
}

export function createOriginHealth(policy: HealthPolicy, waiting: Waiting): OriginHealth {
  const longestRestMs = Math.max(policy.maxRestMs, policy.maxLimitRestMs);
  let failures = 0;
  let passing = 0;
  let limits = 0;
  let restUntilMs = 0;
  let troubledSinceMs: number | null = null;
  let last: { readonly message: string; readonly atMs: number } | null = null;
  let probe: PromiseWithResolvers<void> | null = null;

  const isTroubled = (): boolean =>
    passing >= policy.failuresToRest || limits >= policy.limitsToRest;
  /** Where somebody put the clock back, what is left is no more than the longest rest. */
  const leftOfRest = (): number => {
    restUntilMs = Math.min(restUntilMs, waiting.nowMs() + longestRestMs);
    return restUntilMs - waiting.nowMs();
  };
  const endProbe = (): void => {
    probe?.resolve();
    probe = null;
  };

  return {
    async enter(signal) {
      while (isTroubled()) {
        signal?.throwIfAborted();
        const restMs = leftOfRest();
        if (restMs > 0) await waiting.sleep(restMs, signal);
        else if (probe === null) {
          probe = Promise.withResolvers();
          return;
        } else await orAborted(probe.promise, signal);
      }
    },
    succeeded() {
      failures = 0;
      passing = 0;
      limits = 0;
      restUntilMs = 0;
      troubledSinceMs = null;
      endProbe();
    },
    failed(failure) {
      const nowMs = waiting.nowMs();
      const isLimit = failure.facts.status === 429;
      last = { message: describe(failure), atMs: nowMs };
      troubledSinceMs ??= nowMs;
      failures += isLimit ? 0 : 1;
      // What does not pass is told to all who ask, at once: no rest mends it.
      passing = failure.facts.isPassing ? passing + (isLimit ? 0 : 1) : 0;
      limits += isLimit ? 1 : 0;
      if (isTroubled()) {
        const beyond = Math.max(0, passing - policy.failuresToRest);
        const restMs = Math.min(policy.maxRestMs, policy.restMs * 2 ** Math.min(beyond, 20));
        const askedMs = Math.min(failure.facts.retryAfterMs ?? 0, policy.maxLimitRestMs);
        const newRestMs = Math.max(restMs, isLimit ? askedMs : 0);
        restUntilMs = nowMs + Math.max(leftOfRest(), newRestMs);
      }
      endProbe();
    },
    abandoned: endProbe,
    readyAtMs: () => (isTroubled() ? waiting.nowMs() + leftOfRest() : 0),
    state: () => ({
      isResting: isTroubled(),
      failuresInRow: failures,
      limitsInRow: limits,
      lastFailure: last?.message ?? null,
      lastFailureAtMs: last?.atMs ?? null,
      troubledSinceMs,
    }),
  };
}

/** With its mend, where it has one of its own. */
function describe({ message, facts: { hint } }: AttemptFailure): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
