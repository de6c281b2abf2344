import { AshlarError } from '../errors/ashlar-error.ts';
import { createRecentMap } from '../flow/recent-map.ts';

/** A store that fails: who asks goes on as if there were no cache, and the operator is told. */
export interface StoreFaults {
  /** What the work gives; null where the store fails. `key`: of the object that it is about, if it is about one. */
  orNull<T>(key: string | null, work: () => Promise<T>): Promise<T | null>;
  /** Takes note of a failure of the store; throws any other error. */
  accept(key: string, error: unknown): AshlarError;
  /** Tells of an object that is not what it should be; what is stored under its key next replaces it. */
  damaged(key: string, problem: string): AshlarError;
  /** Whether something was wrong with an object a moment ago. */
  isBroken(key: string): boolean;
  /** Whether something was wrong with it since it was stored. */
  isSuspect(key: string): boolean;
  /** It was stored, or removed. */
  settled(key: string): void;
}

/** Longer than a client waits before it comes again after a failure. */
const brokenMs = 60_000;
const keptSuspects = 10_000;

export function createStoreFaults({
  onProblem,
  nowMs,
}: {
  readonly onProblem: (problem: AshlarError) => void;
  readonly nowMs: () => number;
}): StoreFaults {
  const brokenUntilMs = createRecentMap<number>(keptSuspects);
  const note = (key: string | null, problem: AshlarError): AshlarError => {
    if (key !== null) brokenUntilMs.set(key, nowMs() + brokenMs);
    onProblem(problem);
    return problem;
  };
  const accept = (key: string | null, error: unknown): AshlarError => {
    if (!(error instanceof AshlarError) || !storeCodes.includes(error.code)) throw error;
    return note(key, error);
  };
  return {
    accept,
    damaged: (key, problem) => note(key, new AshlarError('cache_damaged', `${key}: ${problem}`)),
    async orNull(key, work) {
      try {
        return await work();
      } catch (error) {
        accept(key, error);
        return null;
      }
    },
    isBroken: (key) => (brokenUntilMs.get(key) ?? 0) > nowMs(),
    isSuspect: (key) => brokenUntilMs.get(key) !== undefined,
    settled: (key) => brokenUntilMs.delete(key),
  };
}

/** The store's own failures, and those of the record of what it holds. */
const storeCodes: readonly string[] = [
  'store_unreachable',
  'store_read_only',
  'store_full',
  'object_not_a_file',
  'object_truncated',
  'disk_full',
  'home_unusable',
];
