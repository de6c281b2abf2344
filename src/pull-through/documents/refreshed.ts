import type { PullContext } from '../pull-context.ts';
import { abortable } from '../../flow/or-aborted.ts';
import type { RequestLedger } from '../../ledger/request-ledger.ts';
import { type Checked, type DocumentKind, type Found, foundAs } from './document-kind.ts';
import { freshOrStale } from './fresh-or-stale.ts';
import { createAges, type Freshness, wantedOf } from './freshness.ts';
import { createKnownDocuments } from './known-documents.ts';
import { createRefreshFlights, type DocumentParts, type Flight } from './refresh-flights.ts';

export interface Ask {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
  readonly freshness: Freshness;
}

/** Documents that are kept as they came, confirmed when they are no longer fresh, and fetched once for all who ask. */
export interface Refreshed<T, R extends Checked> {
  /**
   * Throws upstream's verdict, by the rules of the kind; when it cannot be asked, what is kept is given out as long as it is
   * not older than the bound, and else its failure is thrown.
   */
  find(target: T, ask: Ask): Promise<Found<R>>;
  /** What is kept, however old, without asking upstream; null where there is nothing. */
  kept(target: T): Promise<R | null>;
  /** Looks at the cache again the next time: for when the bytes that a record names are gone. */
  forget(target: T): void;
  /** Resolves when nothing is being asked for or stored. */
  settled(): Promise<void>;
}

export function createRefreshed<T, R extends Checked>(
  context: PullContext,
  kind: DocumentKind<T, R>,
): Refreshed<T, R> {
  const known = createKnownDocuments(context, kind);
  const ages = createAges(context);
  const parts = { context, kind, known, ages };
  const flights = createRefreshFlights(parts);

  const kept = async (target: T): Promise<R | null> =>
    known.get(kind.keyOf(target)) ?? kind.load(target);

  const findAtHand = async (target: T, freshness: Freshness): Promise<R | null> => {
    const key = kind.keyOf(target);
    const record = freshness === 'any' ? await kept(target) : known.get(key);
    const wanted = wantedOf(kind, target, freshness);
    if (record === null || (freshness !== 'any' && !ages.isFresh(record, wanted))) return null;
    context.cache.used(key);
    return record;
  };

  const find = async (target: T, ask: Ask): Promise<Found<R>> => {
    const { ledger, signal, freshness } = ask;
    const key = kind.keyOf(target);
    const atHand = await findAtHand(target, freshness);
    if (atHand !== null) return foundAs(atHand, 'hit');
    const absence = known.absence(key, kind.changedAtMs(target));
    if (absence !== null) throw absence;
    const running = flights.running(key);
    const flight = running ?? flights.begin(target, ask);
    const stored = await abortable(flight.stored, signal);
    if (running === undefined) return land(parts, flight, { target, stored, signal });
    const found = await ledger.span('upstream', () =>
      land(parts, flight, { target, stored, signal }),
    );
    if (found.state === 'stale') return found;
    // Who wants it confirmed does not take what others were content with, and nobody what was asked for before a change.
    const isOlder = running.beganMs <= kind.changedAtMs(target);
    if (isOlder || (freshness === 'confirmed' && running.freshness !== freshness))
      return find(target, ask);
    return found.state === 'hit' ? found : { ...found, state: 'coalesced' };
  };

  return {
    find,
    kept,
    forget: (target) => known.forget(kind.keyOf(target)),
    settled: flights.settled,
  };
}

interface Landing<T, R> {
  readonly target: T;
  readonly stored: R | null;
  readonly signal: AbortSignal;
}

/** While there is a stale one, upstream is not waited for to the end. */
async function land<T, R extends Checked>(
  { context, kind, ages }: DocumentParts<T, R>,
  { result, beganMs }: Flight<R>,
  { target, stored, signal }: Landing<T, R>,
): Promise<Found<R>> {
  if (stored === null || !ages.isUsable(stored, kind.maxAgeMsOf(target)))
    return abortable(result, signal);
  const outcome = await freshOrStale({ result, beganMs, signal }, target, { kind, context });
  if (outcome.kind === 'found') return outcome.found;
  return { record: stored, state: 'stale', staleBecause: outcome.problem };
}
