import type { Limiter } from '../src/index.ts';
import type { PullContext, PullSettings, Upstream } from '../src/network.ts';
import type { PackageChanges } from './documents/package-changes.ts';
import type { Withdrawals } from './documents/withdrawals.ts';
import type { Registry } from './registries/registry.ts';

/** What everything that fetches shares. */
export interface FetchContext extends PullContext {
  readonly upstreamOf: (registry: Registry) => Upstream;
  readonly changes: PackageChanges;
  readonly withdrawals: Withdrawals;
  /** Work that takes a processor, such as compressing. */
  readonly heavyWork: Limiter;
  readonly settings: FetchSettings;
}

export interface FetchSettings extends PullSettings {
  /** How long a packument is given out without asking upstream; milliseconds. */
  readonly maxAgeMs: number;
}

/** Yarn 1 gives up after 30 s, so a client has its answer before. */
export const defaultFetchSettings: FetchSettings = {
  maxAgeMs: 5 * 60_000,
  maxStaleMs: 7 * 24 * 3600_000,
  freshBudgetMs: 3_000,
  fetchTimeoutMs: 60_000,
  absenceMs: 5_000,
};
