import type { ObjectCache } from '../object-cache/object-cache.ts';
import type { RetryPolicy, Waiting } from '../upstream/retry.ts';
import type { SpoolPlace } from './body-spool.ts';
import type { HostClaims } from './host-claims.ts';

/** What everything shares that is fetched from upstream and kept. */
export interface PullContext {
  readonly cache: ObjectCache;
  /** Among the processes of this host that fill this cache. */
  readonly claims: HostClaims;
  readonly waiting: Waiting;
  readonly retry: RetryPolicy;
  readonly spool: SpoolPlace;
  readonly settings: PullSettings;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/** All in milliseconds. */
export interface PullSettings {
  /** How long beyond its age a document is given out while upstream does not answer. */
  readonly maxStaleMs: number;
  /** How long who could have a stale one waits for a fresh one. */
  readonly freshBudgetMs: number;
  /** How long the head of an answer may take, with all attempts, whoever waits for it. */
  readonly fetchTimeoutMs: number;
  /** How long it is remembered that there is no such thing. */
  readonly absenceMs: number;
}
