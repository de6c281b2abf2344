import { createRecentMap } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import { grantKey, type Place } from '../store/cache-keys.ts';
import { decodeGrant } from './grant-record.ts';

/** When upstream last let views read repositories, and for how long that holds. */
export interface KeptGrants {
  /** Milliseconds since 1970; 0 where it never did, as far as is known. */
  confirmedAt(place: Place): Promise<number>;
  /** Whether it holds as the store has it: another process may have confirmed it. Takes note of it then. */
  isFreshInStore(place: Place): Promise<boolean>;
  /** Whether one of this time holds without asking. */
  isFresh(place: Place, atMs: number): boolean;
  /** The same while upstream cannot be asked. */
  isUsable(place: Place, atMs: number): boolean;
  /** Upstream gave this view something of the repository. */
  confirm(place: Place): Promise<void>;
  revoke(place: Place): Promise<void>;
}

/** One for each of some hundred users and some hundred repositories that they read. */
const keptGrants = 50_000;
/** The clocks of hosts with one cache may differ by this. */
const clockSkewMs = 60_000;

export function createKeptGrants({
  cache,
  settings: { grantMs, staleGrantMs },
  waiting,
}: Pick<CacheContext, 'cache' | 'settings' | 'waiting'>): KeptGrants {
  const kept = createRecentMap<number>(keptGrants);

  /** What was granted in the future was granted by a clock that was wrong: nobody knows how long ago. */
  const ageMs = (atMs: number): number => {
    const age = waiting.nowMs() - atMs;
    return age < -clockSkewMs ? Infinity : age;
  };
  const isFresh = (place: Place, atMs: number): boolean => ageMs(atMs) < grantMs[readerOf(place)];
  const confirmedAt = async (place: Place): Promise<number> => {
    const key = grantKey(place);
    const known = kept.get(key) ?? decodeGrant(await cache.readRecord(key));
    if (known > 0) kept.set(key, known);
    return known;
  };
  return {
    confirmedAt,
    isFresh,
    isUsable: (place, atMs) =>
      ageMs(atMs) < grantMs[readerOf(place)] + staleGrantMs[readerOf(place)],
    async isFreshInStore(place) {
      const key = grantKey(place);
      const known = decodeGrant(await cache.peekRecord(key));
      if (!isFresh(place, known)) return false;
      kept.set(key, known);
      return true;
    },
    async confirm(place) {
      const key = grantKey(place);
      const nowMs = waiting.nowMs();
      // Each answer confirms it: not each is worth a write.
      if (ageMs(await confirmedAt(place)) < grantMs[readerOf(place)] / 4) return;
      kept.set(key, nowMs);
      await cache.writeRecord(key, { repository: place.repository, confirmedAtMs: nowMs });
    },
    async revoke(place) {
      kept.delete(grantKey(place));
      await cache.drop(grantKey(place));
    },
  };
}

/** Whose grants hold how long differs. */
export function readerOf({ view }: Place): 'public' | 'credential' {
  return view.credential === null ? 'public' : 'credential';
}
