import { AshlarError } from '../errors/ashlar-error.ts';
import { abortable } from '../flow/or-aborted.ts';
import { createRecentMap, type RecentMap } from '../flow/recent-map.ts';
import type { RequestLedger } from '../ledger/request-ledger.ts';
import type { StoreOutcome } from '../object-cache/object-cache.ts';
import type { CacheState } from './cache-state.ts';
import { claimed } from './claimed.ts';
import type { PullContext } from './pull-context.ts';
import type { Transfer } from './transfer.ts';

/** A body to be sent: kept, or arriving. Dispose it when it is sent. */
export type FoundBody<K> = Disposable & Found<K>;

type Found<K> = { readonly state: CacheState } & (
  | { readonly kind: 'kept'; readonly kept: K }
  | ArrivingBody
);

export interface ArrivingBody {
  readonly kind: 'arriving';
  readonly transfer: Transfer;
  /** Resolves when it is in the cache, or cannot be; rejects with the transfer. */
  readonly stored: Promise<StoreOutcome>;
}

/** Bodies that never change: each is fetched once for all who ask meanwhile, and kept. */
export interface BodyFlights<T, K> {
  /**
   * Finds a body in the cache, where it stays, or begins to fetch it. Throws what the kind throws, and for seconds without asking
   * again that there is no such body; a transfer that fails later says so itself.
   */
  find(target: T, ask: BodyAsk): Promise<FoundBody<K>>;
  /** Resolves when nothing is being fetched or stored. */
  settled(): Promise<void>;
}

export interface BodyAsk {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
}

/** What bodies of one kind are, and how they are come by. */
export interface BodyKind<T, K> {
  keyOf(target: T): string;
  /** Whether it was there when it was last looked for. */
  isKnown(key: string): boolean;
  find(key: string, target: T): Promise<K | null>;
  /** Begins to fetch it. */
  fetch(target: T, ledger: RequestLedger): FetchedBody;
  /** The code that says that upstream has no such body. */
  readonly absence: string;
  /** What is then remembered not to be there. Default: the key. */
  absenceKeyOf?(target: T): string;
}

export interface FetchedBody {
  readonly transfer: Transfer;
  /** Stores it once it is verified; throws nothing, as who asked for it has it all the same. */
  keep(): Promise<StoreOutcome>;
}

export type BodyFlightsContext = Pick<PullContext, 'claims' | 'waiting' | 'settings'>;

interface Flight<K> {
  readonly found: PromiseWithResolvers<Found<K>>;
  /** Those who may still want what was received, the fetch itself among them. */
  holders: number;
  transferHold: Disposable | null;
  /** Resolves when what was fetched is stored, or cannot be. */
  ended: Promise<void>;
}

interface Parts<T, K> {
  readonly context: BodyFlightsContext;
  readonly kind: BodyKind<T, K>;
  readonly flights: Map<string, Flight<K>>;
  /** What upstream does not have, as it said a moment ago. */
  readonly absences: RecentMap<Absence>;
}

interface Absence {
  readonly error: AshlarError;
  readonly untilMs: number;
}

const keptAbsences = 10_000;
/** A large body takes longer than clients wait for the beginning of it: then each process of a host fetches it. */
const otherProcessMs = 10_000;

export function createBodyFlights<T, K>(
  context: BodyFlightsContext,
  kind: BodyKind<T, K>,
): BodyFlights<T, K> {
  const flights = new Map<string, Flight<K>>();
  const absences = createRecentMap<Absence>(keptAbsences);
  const parts = { context, kind, flights, absences };
  return {
    async settled() {
      while (flights.size > 0) await Promise.all([...flights.values()].map(({ ended }) => ended));
    },
    async find(target, { ledger, signal }) {
      const key = kind.keyOf(target);
      // Many ask for what is being looked for already: they wait for that, and do not look too.
      const running = flights.get(key);
      const isKnown = running === undefined && kind.isKnown(key);
      const kept = isKnown ? await ledger.span('cache', () => kind.find(key, target)) : null;
      if (kept !== null) return { kind: 'kept', kept, state: 'hit', [Symbol.dispose]: () => {} };
      const absence = absences.get(absenceKeyOf(kind, target));
      if (absence !== undefined && isStill(absence, context)) throw absence.error;
      const flight = running ?? flights.get(key) ?? begin(parts, { key, target, ledger });
      const held = hold(flight);
      try {
        const found = await abortable(flight.found.promise, signal);
        const isOwn = running === undefined || found.state === 'hit';
        return { ...found, ...held, state: isOwn ? found.state : 'coalesced' };
      } catch (error) {
        held[Symbol.dispose]();
        throw error;
      }
    },
  };
}

interface Wanted<T> {
  readonly key: string;
  readonly target: T;
  readonly ledger: RequestLedger;
}

function begin<T, K>(parts: Parts<T, K>, wanted: Wanted<T>): Flight<K> {
  const { flights } = parts;
  const { key } = wanted;
  const found = Promise.withResolvers<Found<K>>();
  found.promise.catch(() => {});
  const flight: Flight<K> = { found, holders: 0, transferHold: null, ended: Promise.resolve() };
  flights.set(key, flight);
  const held = hold(flight);
  flight.ended = run(parts, flight, wanted)
    .catch(found.reject)
    .finally(() => {
      forget(parts, flight, key);
      held[Symbol.dispose]();
    });
  return flight;
}

async function run<T, K>(parts: Parts<T, K>, flight: Flight<K>, wanted: Wanted<T>): Promise<void> {
  const { context, kind } = parts;
  const { key, target, ledger } = wanted;
  const known = await ledger.span('cache', () => kind.find(key, target));
  if (known !== null) return flight.found.resolve({ kind: 'kept', kept: known, state: 'hit' });
  const work = async (): Promise<void> => {
    // Another process may have stored it since it was looked for.
    const kept = await kind.find(key, target);
    if (kept === null) await fetchAndKeep(parts, flight, wanted);
    else flight.found.resolve({ kind: 'kept', kept, state: 'coalesced' });
  };
  await claimed(context, key, work, { patienceMs: otherProcessMs });
}

async function fetchAndKeep<T, K>(
  parts: Parts<T, K>,
  flight: Flight<K>,
  { key, target, ledger }: Wanted<T>,
): Promise<void> {
  const { transfer, keep } = parts.kind.fetch(target, ledger);
  flight.transferHold = transfer.hold();
  transfer.verified.catch((error: unknown) => {
    rememberAbsence(parts, target, error);
    // Who comes after a failure asks anew.
    forget(parts, flight, key);
  });
  const stored = transfer.verified.then(keep);
  flight.found.resolve({ kind: 'arriving', transfer, stored, state: 'miss' });
  await stored;
}

function rememberAbsence<T, K>(
  { context, kind, absences }: Parts<T, K>,
  target: T,
  error: unknown,
): void {
  if (!(error instanceof AshlarError) || error.code !== kind.absence) return;
  const key = absenceKeyOf(kind, target);
  absences.set(key, { error, untilMs: context.waiting.nowMs() + context.settings.absenceMs });
}

/** What is left beyond the time that it is remembered for was counted by a clock that was wrong. */
function isStill({ untilMs }: Absence, { waiting, settings }: BodyFlightsContext): boolean {
  const leftMs = untilMs - waiting.nowMs();
  return leftMs > 0 && leftMs <= settings.absenceMs;
}

function absenceKeyOf<T, K>(kind: BodyKind<T, K>, target: T): string {
  return kind.absenceKeyOf?.(target) ?? kind.keyOf(target);
}

function forget<T, K>({ flights }: Parts<T, K>, flight: Flight<K>, key: string): void {
  if (flights.get(key) === flight) flights.delete(key);
}

/** What was received is kept as long as somebody may want it. */
function hold<K>(flight: Flight<K>): Disposable {
  flight.holders += 1;
  let isHeld = true;
  return {
    [Symbol.dispose]() {
      if (!isHeld) return;
      isHeld = false;
      flight.holders -= 1;
      if (flight.holders === 0) flight.transferHold?.[Symbol.dispose]();
    },
  };
}
