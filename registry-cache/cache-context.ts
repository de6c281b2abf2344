import type { PullContext, PullSettings, RequestLedger } from '../src/network.ts';
import type { AccessTimes } from './config/cache-config.ts';
import type { RegistrySources } from './upstream/registry-source.ts';

/** What everything that fetches shares. */
export interface CacheContext extends PullContext {
  readonly sources: RegistrySources;
  readonly settings: CacheSettings;
  /** Told of what could not be kept; who asked has it all the same. */
  readonly onNotKept: (subject: string, error: unknown) => void;
}

/** For whom something is looked for. */
export interface Ask {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
}

/** All in milliseconds. */
export interface CacheSettings extends PullSettings {
  /** How long a repository may be read without asking upstream whether this view still may. */
  readonly grantMs: AccessTimes;
  /** How much longer while upstream cannot be asked. */
  readonly staleGrantMs: AccessTimes;
  /** How long the head of an answer waits for the first bytes of a blob that has begun to arrive. */
  readonly headPatienceMs: number;
}

/** What the configuration does not say. */
export const defaultPatience: Omit<CacheSettings, 'maxStaleMs' | 'grantMs' | 'staleGrantMs'> = {
  // With upstream gone a pull may take 2 s longer: most of that is this.
  freshBudgetMs: 1_500,
  // A burst asks for the same missing thing within seconds; who has just pushed it does not wait long.
  absenceMs: 5_000,
  // Nobody waits that long: what comes late is kept for who asks next.
  fetchTimeoutMs: 60_000,
  // dockerd gives up after 15 s without a word, and goes to the registry itself.
  headPatienceMs: 5_000,
};
