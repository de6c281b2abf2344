import type { PullContext } from '../pull-context.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { RequestLedger } from '../../ledger/request-ledger.ts';
import { claimed } from '../claimed.ts';
import { type Checked, type DocumentKind, type Found, foundAs } from './document-kind.ts';
import { type Ages, type Freshness, wantedOf } from './freshness.ts';
import type { KnownDocuments } from './known-documents.ts';

/** A document that is being looked for, in the cache and then upstream, for all who ask. */
export interface Flight<R> {
  readonly beganMs: number;
  readonly freshness: Freshness;
  /** What the cache has. */
  readonly stored: Promise<R | null>;
  readonly result: Promise<Found<R>>;
}

export interface Flights<T, R> {
  running(key: string): Flight<R> | undefined;
  begin(target: T, ask: FlightAsk): Flight<R>;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

interface FlightAsk {
  readonly ledger: RequestLedger;
  readonly freshness: Freshness;
}

export interface DocumentParts<T, R extends Checked> {
  readonly context: PullContext;
  readonly kind: DocumentKind<T, R>;
  readonly known: KnownDocuments<R>;
  readonly ages: Ages;
}

export function createRefreshFlights<T, R extends Checked>(
  parts: DocumentParts<T, R>,
): Flights<T, R> {
  const { context, kind, known } = parts;
  const flights = new Map<string, Flight<R>>();

  const fly = async (target: T, ask: FlightAsk, stored: Promise<R | null>): Promise<Found<R>> => {
    const key = kind.keyOf(target);
    const beganMs = context.waiting.nowMs();
    try {
      const found = await refresh(parts, target, { ...ask, stored: await stored });
      known.set(key, found.record);
      return found;
    } catch (error) {
      if (error instanceof AshlarError) await heed(parts, target, { error, beganMs });
      throw error;
    } finally {
      flights.delete(key);
    }
  };

  return {
    running: (key) => flights.get(key),
    async settled() {
      while (flights.size > 0)
        await Promise.allSettled([...flights.values()].map(({ result }) => result));
    },
    begin(target, ask) {
      const { ledger, freshness } = ask;
      const key = kind.keyOf(target);
      const stored = ledger.span('cache', () => kind.load(target));
      const result = fly(target, ask, stored);
      for (const promise of [stored, result] as const) promise.catch(() => {});
      const flight = { beganMs: context.waiting.nowMs(), freshness, stored, result };
      flights.set(key, flight);
      return flight;
    },
  };
}

/** One process of this host asks upstream; the others find in the cache what it has learned. */
async function refresh<T, R extends Checked>(
  { context, kind, ages }: DocumentParts<T, R>,
  target: T,
  { ledger, freshness, stored }: FlightAsk & { readonly stored: R | null },
): Promise<Found<R>> {
  const wanted = wantedOf(kind, target, freshness);
  if (stored !== null && ages.isFresh(stored, wanted)) return foundAs(stored, 'hit');
  const key = kind.keyOf(target);
  return claimed(context, key, async () => {
    // Another process may have stored it since it was looked for.
    const latest = await kind.load(target);
    if (latest !== null && ages.isFresh(latest, wanted)) return foundAs(latest, 'coalesced');
    // What changes while upstream answers may not be in the answer.
    const checkedAtMs = context.waiting.nowMs();
    const { record: fetched, outcome } = await kind.fetch(target, { stored: latest, ledger });
    const record = { ...fetched, checkedAtMs };
    await kind.save(target, record);
    return foundAs(record, outcome === 'confirmed' ? 'revalidated' : 'miss');
  });
}

/** What upstream says that there is not is remembered, and what is kept of it goes. */
async function heed<T, R extends Checked>(
  { kind, known }: DocumentParts<T, R>,
  target: T,
  { error, beganMs }: { readonly error: AshlarError; readonly beganMs: number },
): Promise<void> {
  if (kind.absences.includes(error.code)) known.setAbsent(kind.keyOf(target), error, beganMs);
  if (!kind.verdictsOf(target).includes(error.code)) return;
  for (const each of kind.withdrawnWith(target)) {
    known.forget(kind.keyOf(each));
    if ((await kind.load(each)) !== null) await kind.drop(each);
  }
}
