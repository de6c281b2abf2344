import { abortable, AshlarError } from '../../src/index.ts';
import type { RequestLedger } from '../../src/network.ts';
import type { CacheState } from '../cache/cache-state.ts';
import { createRecentMap } from '../cache/recent-map.ts';
import type { FetchContext } from '../fetch-context.ts';
import { claimed } from '../upstream/claimed.ts';

/** A record of a document that upstream may change. */
export interface Checked {
  /** When upstream last said that it is right; milliseconds since 1970. */
  readonly checkedAtMs: number;
}

export interface Found<R> {
  readonly record: R;
  readonly state: CacheState;
  /** Why upstream has not confirmed it in time; null where it has. */
  readonly staleBecause: string | null;
}

export interface Ask {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
  /** `any` takes what is kept, however old; `confirmed` what upstream has confirmed a moment ago. */
  readonly freshness: Freshness;
}

export type Freshness = 'current' | 'any' | 'confirmed';

/** What documents of one kind are, and how they are come by. */
export interface DocumentKind<T, R extends Checked> {
  keyOf(target: T): string;
  /** What is kept, if all that belongs to it is there. */
  load(key: string): Promise<R | null>;
  save(key: string, record: R): Promise<void>;
  /** Upstream says that there is none any more. */
  drop(key: string): Promise<void>;
  /** Fetches it, or learns that what is stored is still right. */
  fetch(
    target: T,
    from: { readonly stored: R | null; readonly ledger: RequestLedger },
  ): Promise<{ readonly record: R; readonly outcome: 'fetched' | 'confirmed' }>;
  readonly maxAgeMs: number;
}

/** Documents that are kept as they came, confirmed when they are no longer fresh, and fetched once for all who ask. */
export interface Refreshed<T, R extends Checked> {
  /**
   * Throws `package_not_found` and `package_forbidden` when upstream says so; when it cannot be asked, what is kept is given
   * out as long as it is not older than the bound, and else its failure is thrown.
   */
  find(target: T, ask: Ask): Promise<Found<R>>;
  /** What is kept, however old, without asking upstream; null where there is nothing. */
  kept(target: T): Promise<R | null>;
  /** Looks at the cache again the next time: for when the bytes that a record names are gone. */
  forget(target: T): void;
}

interface Flight<R> {
  readonly beganMs: number;
  readonly freshness: Freshness;
  readonly stored: Promise<R | null>;
  readonly result: Promise<Found<R>>;
}

const keptRecords = 20_000;
const keptAbsences = 10_000;

export function createRefreshed<T, R extends Checked>(
  context: FetchContext,
  kind: DocumentKind<T, R>,
): Refreshed<T, R> {
  const { settings, waiting } = context;
  const records = createRecentMap<R>(keptRecords);
  const absences = createRecentMap<{ readonly error: AshlarError; readonly untilMs: number }>(
    keptAbsences,
  );
  const flights = new Map<string, Flight<R>>();
  const ageMs = ({ checkedAtMs }: R): number => waiting.nowMs() - checkedAtMs;
  const isFresh = (record: R, freshness: Freshness): boolean =>
    ageMs(record) < kind.maxAgeMs &&
    (freshness !== 'confirmed' || ageMs(record) < settings.absenceMs);
  const isUsable = (record: R): boolean => ageMs(record) < kind.maxAgeMs + settings.maxStaleMs;

  /** One process of this host asks upstream; the others find in the cache what it has learned. */
  const refresh = async (
    target: T,
    { ledger, freshness }: Pick<Ask, 'ledger' | 'freshness'>,
    { key, stored }: { key: string; stored: R | null },
  ): Promise<Found<R>> => {
    if (stored !== null && isFresh(stored, freshness)) return foundAs(stored, 'hit');
    return claimed(context, key, async (isFirst) => {
      const known = isFirst ? stored : await kind.load(key);
      if (known !== null && isFresh(known, freshness)) return foundAs(known, 'coalesced');
      const { record, outcome } = await kind.fetch(target, { stored: known, ledger });
      await kind.save(key, record);
      return foundAs(record, outcome === 'confirmed' ? 'revalidated' : 'miss');
    });
  };

  const begin = (key: string, target: T, ask: Ask): Flight<R> => {
    const stored = ask.ledger.span('cache', () => kind.load(key));
    const result = (async (): Promise<Found<R>> => {
      try {
        const found = await refresh(target, ask, { key, stored: await stored });
        records.set(key, found.record);
        return found;
      } catch (error) {
        if (error instanceof AshlarError && error.code === 'package_not_found') {
          records.delete(key);
          absences.set(key, { error, untilMs: waiting.nowMs() + settings.absenceMs });
          if ((await stored) !== null) await kind.drop(key);
        }
        throw error;
      } finally {
        flights.delete(key);
      }
    })();
    for (const promise of [stored, result] as const) promise.catch(() => {});
    const { freshness } = ask;
    const flight = { beganMs: waiting.nowMs(), freshness, stored, result };
    flights.set(key, flight);
    return flight;
  };

  const kept = async (key: string): Promise<R | null> => records.get(key) ?? kind.load(key);

  return {
    forget: (target) => records.delete(kind.keyOf(target)),
    kept: (target) => kept(kind.keyOf(target)),
    async find(target, ask) {
      const { ledger, signal, freshness } = ask;
      const isConfirming = freshness === 'confirmed';
      const key = kind.keyOf(target);
      const known = freshness === 'any' ? await kept(key) : (records.get(key) ?? null);
      if (known !== null && (freshness === 'any' || isFresh(known, freshness)))
        return foundAs(known, 'hit');
      const absence = absences.get(key);
      if (absence !== undefined && absence.untilMs > waiting.nowMs()) throw absence.error;
      const running = flights.get(key);
      const flight = running ?? begin(key, target, ask);
      const share = (found: Found<R>): Found<R> | Promise<Found<R>> => {
        if (running === undefined) return found;
        if (isConfirming && running.freshness !== freshness) return this.find(target, ask);
        return found.state === 'hit' ? found : { ...found, state: 'coalesced' };
      };
      const stored = await abortable(flight.stored, signal);
      const result =
        running === undefined ? flight.result : ledger.span('upstream', () => flight.result);
      if (stored === null || !isUsable(stored)) return share(await abortable(result, signal));
      const outcome = await withinBudget(result, flight, context);
      if (outcome.kind === 'found') return share(outcome.found);
      return { record: stored, state: 'stale', staleBecause: outcome.problem };
    },
  };
}

function foundAs<R>(record: R, state: CacheState): Found<R> {
  return { record, state, staleBecause: null };
}

type Outcome<R> =
  | { readonly kind: 'found'; readonly found: Found<R> }
  | { readonly kind: 'trouble'; readonly problem: string };

/** Upstream's own word that there is no such document is no trouble, and thrown. */
async function withinBudget<R>(
  fresh: Promise<Found<R>>,
  { beganMs }: Flight<R>,
  { settings, waiting }: FetchContext,
): Promise<Outcome<R>> {
  const done = new AbortController();
  const leftMs = Math.max(0, settings.freshBudgetMs - (waiting.nowMs() - beganMs));
  const late = waiting
    .sleep(leftMs, done.signal)
    .then((): Outcome<R> => ({ kind: 'trouble', problem: 'upstream has not answered yet' }));
  late.catch(() => {});
  const settled = fresh.then(
    (found): Outcome<R> => ({ kind: 'found', found }),
    (error: unknown): Outcome<R> => {
      if (!(error instanceof AshlarError) || verdicts.includes(error.code)) throw error;
      return { kind: 'trouble', problem: error.message };
    },
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    done.abort();
  }
}

const verdicts: readonly string[] = ['package_not_found', 'package_forbidden'];
