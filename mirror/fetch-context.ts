import type { Limiter } from '../src/index.ts';
import type { HostClaims, RetryPolicy, Upstream, Waiting } from '../src/network.ts';
import type { MirrorCache } from './cache/mirror-cache.ts';
import type { PackageChanges } from './documents/package-changes.ts';
import type { Registry } from './registries/registry.ts';

/** What everything that fetches shares. */
export interface FetchContext {
  readonly cache: MirrorCache;
  readonly upstreamOf: (registry: Registry) => Upstream;
  /** Among the mirrors of this host. */
  readonly claims: HostClaims;
  readonly waiting: Waiting;
  readonly changes: PackageChanges;
  readonly retry: RetryPolicy;
  /** Bodies that do not stay in memory. */
  readonly spoolDirectory: string;
  /** Work that takes a processor, such as compressing. */
  readonly heavyWork: Limiter;
  readonly settings: FetchSettings;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

export interface FetchSettings {
  /** How long a packument is given out without asking upstream. */
  readonly maxAgeMs: number;
  /** How long beyond that while upstream does not answer. */
  readonly maxStaleMs: number;
  /** How long who could have a stale one waits for a fresh one. */
  readonly freshBudgetMs: number;
  /** How long a fetch may go on, whoever waits for it. */
  readonly fetchTimeoutMs: number;
  /** How long it is remembered that there is no such package. */
  readonly absenceMs: number;
}

/** Yarn 1 gives up after 30 s, so a client has its answer before. */
export const defaultFetchSettings: FetchSettings = {
  maxAgeMs: 5 * 60_000,
  maxStaleMs: 7 * 24 * 3600_000,
  freshBudgetMs: 3_000,
  fetchTimeoutMs: 60_000,
  absenceMs: 5_000,
};
