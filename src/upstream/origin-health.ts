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
  const trouble = createTroubleRecord(policy, waiting);
  let probe: PromiseWithResolvers<void> | null = null;
  const endProbe = (): void => {
    probe?.resolve();
    probe = null;
  };
  return {
    async enter(signal) {
      while (trouble.isResting()) {
        signal?.throwIfAborted();
        const restMs = trouble.leftOfRestMs();
        if (restMs > 0) await waiting.sleep(restMs, signal);
        else if (probe === null) {
          probe = Promise.withResolvers();
          return;
        } else await orAborted(probe.promise, signal);
      }
    },
    succeeded() {
      trouble.clear();
      endProbe();
    },
    failed(failure) {
      trouble.add(failure);
      endProbe();
    },
    abandoned: endProbe,
    readyAtMs: () => (trouble.isResting() ? waiting.nowMs() + trouble.leftOfRestMs() : 0),
    state: trouble.state,
  };
}

/** What went wrong in a row, and how long the origin rests for it. */
interface TroubleRecord {
  isResting(): boolean;
  leftOfRestMs(): number;
  clear(): void;
  add(failure: AttemptFailure): void;
  state(): HealthState;
}

const noTrouble = { failures: 0, passing: 0, limits: 0, restUntilMs: 0, sinceMs: null };

function createTroubleRecord(policy: HealthPolicy, { nowMs }: Waiting): TroubleRecord {
  const longestRestMs = Math.max(policy.maxRestMs, policy.maxLimitRestMs);
  let now: Trouble = noTrouble;
  let last: { readonly message: string; readonly atMs: number } | null = null;
  const isResting = (): boolean =>
    now.passing >= policy.failuresToRest || now.limits >= policy.limitsToRest;
  /** Where somebody put the clock back, what is left is no more than the longest rest. */
  const leftOfRestMs = (): number => {
    now = { ...now, restUntilMs: Math.min(now.restUntilMs, nowMs() + longestRestMs) };
    return now.restUntilMs - nowMs();
  };
  return {
    isResting,
    leftOfRestMs,
    clear: () => void (now = noTrouble),
    add(failure) {
      last = { message: describe(failure), atMs: nowMs() };
      now = withFailure({ ...now, sinceMs: now.sinceMs ?? nowMs() }, failure);
      if (!isResting()) return;
      const restMs = Math.max(leftOfRestMs(), restAfter(policy, now, failure));
      now = { ...now, restUntilMs: nowMs() + restMs };
    },
    state: () => ({
      isResting: isResting(),
      failuresInRow: now.failures,
      limitsInRow: now.limits,
      lastFailure: last?.message ?? null,
      lastFailureAtMs: last?.atMs ?? null,
      troubledSinceMs: now.sinceMs,
    }),
  };
}

/** Since the last answer. */
interface Trouble {
  readonly failures: number;
  /** Failures that pass, since the last one that does not. */
  readonly passing: number;
  readonly limits: number;
  readonly restUntilMs: number;
  readonly sinceMs: number | null;
}

function withFailure(before: Trouble, { facts }: AttemptFailure): Trouble {
  const { failures, passing, limits } = before;
  if (isLimit(facts)) return { ...before, limits: limits + 1 };
  // What does not pass is told to all who ask, at once: no rest mends it.
  return { ...before, failures: failures + 1, passing: facts.isPassing ? passing + 1 : 0 };
}

function restAfter(policy: HealthPolicy, { passing }: Trouble, { facts }: AttemptFailure): number {
  const beyond = Math.max(0, passing - policy.failuresToRest);
  const restMs = Math.min(policy.maxRestMs, policy.restMs * 2 ** Math.min(beyond, 20));
  const askedMs = Math.min(facts.retryAfterMs ?? 0, policy.maxLimitRestMs);
  return Math.max(restMs, isLimit(facts) ? askedMs : 0);
}

function isLimit({ status }: AttemptFailure['facts']): boolean {
  return status === 429;
}

/** With its mend, where it has one of its own. */
function describe({ message, facts: { hint } }: AttemptFailure): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
