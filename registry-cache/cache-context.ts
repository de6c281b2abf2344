import type { PullContext, PullSettings } from '../src/network.ts';
import type { RegistrySources } from './upstream/registry-source.ts';

/** What everything that fetches shares. */
export interface CacheContext extends PullContext {
  readonly sources: RegistrySources;
  readonly settings: CacheSettings;
}

/** All in milliseconds. */
export interface CacheSettings extends PullSettings {
  /** How long a repository may be read without asking upstream whether this view still may. */
  readonly grantMs: { readonly public: number; readonly credential: number };
  /** How much longer while upstream cannot be asked. */
  readonly staleGrantMs: { readonly public: number; readonly credential: number };
  /** How long the head of an answer waits for the first bytes of a blob that has begun to arrive. */
  readonly headPatienceMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** dockerd gives up after 15 s without a word, and goes to the registry itself: a client has its answer before. */
export const defaultCacheSettings: CacheSettings = {
  maxStaleMs: 7 * 24 * hourMs,
  freshBudgetMs: 1_500,
  absenceMs: 5_000,
  fetchTimeoutMs: 60_000,
  grantMs: { public: 24 * hourMs, credential: 5 * minuteMs },
  staleGrantMs: { public: 7 * 24 * hourMs, credential: hourMs },
  headPatienceMs: 5_000,
};
