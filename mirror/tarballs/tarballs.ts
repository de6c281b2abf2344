import { abortable, AshlarError } from '../../src/index.ts';
import type { RequestLedger, Transfer } from '../../src/network.ts';
import { tarballKey } from '../cache/cache-paths.ts';
import type { CacheState } from '../cache/cache-state.ts';
import type { Outcome } from '../cache/mirror-cache.ts';
import { createRecentMap } from '../cache/recent-map.ts';
import { storeName } from '../packument/names/store-name.ts';
import { claimed } from '../upstream/claimed.ts';
import { fetchTarball, type TarballFetch } from './fetch-tarball.ts';
import { createKeptTarballs, type KeptTarball, type KeptTarballs } from './kept-tarballs.ts';
import type { TarballName } from './stated-tarball.ts';

/** A tarball to be sent: kept, or arriving. Dispose it when it is sent. */
export type FoundTarball = Disposable & Found;

type Found = { readonly state: CacheState } & (KeptTarball | ArrivingTarball);

export interface ArrivingTarball {
  readonly kind: 'arriving';
  readonly transfer: Transfer;
  /** Resolves when it is in the cache, or cannot be; rejects with the transfer. */
  readonly stored: Promise<Outcome>;
}

export interface Tarballs {
  /**
   * Finds a tarball in the cache, where it stays for ever, or begins to fetch it, once for all who ask. Throws what
   * upstream says where it cannot be had, for seconds without asking again; a transfer that fails later says so itself.
   */
  find(
    tarball: TarballName,
    ask: { readonly ledger: RequestLedger; readonly signal: AbortSignal },
  ): Promise<FoundTarball>;
  /** Resolves when nothing is being fetched or stored. */
  settled(): Promise<void>;
}

export interface TarballsOptions extends TarballFetch {
  /** Told of what could not be kept; who asked has the bytes all the same. */
  readonly onNotKept: (tarball: TarballName, error: unknown) => void;
}

interface Flight {
  readonly found: PromiseWithResolvers<Found>;
  /** Those who may still want what was received, the fetch itself among them. */
  holders: number;
  transferHold: Disposable | null;
  /** Resolves when what was fetched is stored, or cannot be. */
  ended: Promise<void>;
}

interface Parts {
  readonly options: TarballsOptions;
  readonly kept: KeptTarballs;
  readonly flights: Map<string, Flight>;
  /** What upstream does not have, as it said a moment ago. */
  readonly absences: ReturnType<typeof createRecentMap<Absence>>;
}

interface Absence {
  readonly error: AshlarError;
  readonly untilMs: number;
}

const keptAbsences = 10_000;

export function createTarballs(options: TarballsOptions): Tarballs {
  const { waiting } = options.context;
  const kept = createKeptTarballs(options.context);
  const flights = new Map<string, Flight>();
  const absences = createRecentMap<Absence>(keptAbsences);
  const parts = { options, kept, flights, absences };
  return {
    async settled() {
      while (flights.size > 0) await Promise.all([...flights.values()].map(({ ended }) => ended));
    },
    async find(tarball, { ledger, signal }) {
      const { view, name, file } = tarball;
      const key = tarballKey(view, storeName(name), storeName(file));
      // Many ask for what is being looked for already: they wait for that, and do not look too.
      const running = flights.get(key);
      const isKnown = running === undefined && kept.isKnown(key);
      const known = isKnown ? await ledger.span('cache', () => kept.find(key)) : null;
      if (known !== null) return { ...known, state: 'hit', [Symbol.dispose]: () => {} };
      const absence = absences.get(key);
      if (absence !== undefined && absence.untilMs > waiting.nowMs()) throw absence.error;
      const flight = running ?? flights.get(key) ?? begin(parts, { key, tarball, ledger });
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

interface Wanted {
  readonly key: string;
  readonly tarball: TarballName;
  readonly ledger: RequestLedger;
}

function begin(parts: Parts, wanted: Wanted): Flight {
  const { flights } = parts;
  const { key } = wanted;
  const found = Promise.withResolvers<Found>();
  found.promise.catch(() => {});
  const flight: Flight = { found, holders: 0, transferHold: null, ended: Promise.resolve() };
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

async function run(parts: Parts, flight: Flight, wanted: Wanted): Promise<void> {
  const { options, kept } = parts;
  const { key, ledger } = wanted;
  const known = await ledger.span('cache', () => kept.find(key));
  if (known !== null) return flight.found.resolve({ ...known, state: 'hit' });
  await claimed(options.context, key, async () => {
    // Another process may have stored it since it was looked for.
    const stored = await kept.find(key);
    if (stored === null) await fetchAndKeep(parts, flight, wanted);
    else flight.found.resolve({ ...stored, state: 'coalesced' });
  });
}

async function fetchAndKeep(
  parts: Parts,
  flight: Flight,
  { key, tarball, ledger }: Wanted,
): Promise<void> {
  const { options, kept } = parts;
  const fetched = fetchTarball(options, tarball, ledger);
  const { transfer } = fetched;
  flight.transferHold = transfer.hold();
  transfer.verified.catch((error: unknown) => {
    rememberAbsence(parts, key, error);
    // Who comes after a failure asks anew.
    forget(parts, flight, key);
  });
  const stored = transfer.verified.then(() => kept.keep(key, fetched));
  flight.found.resolve({ kind: 'arriving', transfer, stored, state: 'miss' });
  const outcome = await stored;
  if (outcome.kind === 'not-kept') options.onNotKept(tarball, outcome.because);
}

function rememberAbsence({ options, absences }: Parts, key: string, error: unknown): void {
  if (!(error instanceof AshlarError) || error.code !== 'package_not_found') return;
  const { waiting, settings } = options.context;
  absences.set(key, { error, untilMs: waiting.nowMs() + settings.absenceMs });
}

function forget({ flights }: Parts, flight: Flight, key: string): void {
  if (flights.get(key) === flight) flights.delete(key);
}

/** What was received is kept as long as somebody may want it. */
function hold(flight: Flight): Disposable {
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
