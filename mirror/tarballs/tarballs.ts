import { abortable, AshlarError } from '../../src/index.ts';
import {
  type AttemptFailure,
  type RequestLedger,
  type SpooledBody,
  startTransfer,
  type Transfer,
  type TransferLimits,
} from '../../src/network.ts';
import { blobKey, tarballKey } from '../cache/cache-paths.ts';
import type { CacheState } from '../cache/cache-state.ts';
import type { StoredObject } from '../cache/mirror-cache.ts';
import { createRecentMap } from '../cache/recent-map.ts';
import type { FetchContext } from '../fetch-context.ts';
import { storeName } from '../packument/names/store-name.ts';
import { claimed } from '../upstream/claimed.ts';
import { createIntegrityCheck, type IntegrityCheck } from './integrity-check.ts';
import { createTarballOpener } from './open-tarball.ts';
import type { StatedTarballs, TarballName } from './stated-tarball.ts';
import { decodeTarballRecord, encodeTarballRecord, type TarballRecord } from './tarball-record.ts';

/** A tarball to be sent: kept, or arriving. Dispose it when it is sent. */
export type FoundTarball = Disposable & { readonly state: CacheState } & (
    | { readonly kind: 'kept'; readonly record: TarballRecord; readonly object: StoredObject }
    | { readonly kind: 'arriving'; readonly transfer: Transfer }
  );

export interface Tarballs {
  /**
   * Finds a tarball in the cache, where it stays for ever, or begins to fetch it, once for all who ask. Throws what
   * upstream says where it cannot be had; a transfer that fails later says so itself.
   */
  find(
    tarball: TarballName,
    ask: { readonly ledger: RequestLedger; readonly signal: AbortSignal },
  ): Promise<FoundTarball>;
  /** Resolves when nothing is being fetched or stored. */
  settled(): Promise<void>;
}

type Found =
  | { readonly kind: 'kept'; readonly record: TarballRecord; readonly object: StoredObject }
  | { readonly kind: 'arriving'; readonly transfer: Transfer };

interface Flight {
  readonly found: Promise<{ readonly found: Found; readonly state: CacheState }>;
  /** Those who may still want what was received, the fetch itself among them. */
  holders: number;
  transferHold: Disposable | null;
  /** Resolves when what was fetched is stored, or cannot be. */
  ended: Promise<void>;
}

export interface TarballsOptions {
  readonly context: FetchContext;
  readonly stated: StatedTarballs;
  readonly limits: TransferLimits;
  /** Told of what could not be kept; who asked has the bytes all the same. */
  readonly onNotKept: (tarball: TarballName, error: unknown) => void;
}

const keptRecords = 50_000;

export function createTarballs(options: TarballsOptions): Tarballs {
  const { context } = options;
  const records = createRecentMap<TarballRecord>(keptRecords);
  const flights = new Map<string, Flight>();

  const findKept = async (key: string): Promise<(Found & { kind: 'kept' }) | null> => {
    const record = records.get(key) ?? decodeTarballRecord(await context.cache.readRecord(key));
    if (record === null) return null;
    const { sizeBytes, sha512 } = record;
    const digest = { algorithm: 'sha512', hex: sha512 } as const;
    const object = await context.cache.find(blobKey(sha512), { sizeBytes, digest });
    if (object === null) {
      records.delete(key);
      return null;
    }
    context.cache.used(key);
    records.set(key, record);
    return { kind: 'kept', record, object };
  };

  const leave = (flight: Flight): void => {
    flight.holders -= 1;
    if (flight.holders === 0) flight.transferHold?.[Symbol.dispose]();
  };

  const forget = (key: string, flight: Flight): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };

  const begin = (key: string, tarball: TarballName, ledger: RequestLedger): Flight => {
    const found = Promise.withResolvers<{ found: Found; state: CacheState }>();
    found.promise.catch(() => {});
    const flight: Flight = {
      found: found.promise,
      holders: 1,
      transferHold: null,
      ended: Promise.resolve(),
    };
    flights.set(key, flight);
    const fetchIfMissing = async (isFirst: boolean): Promise<void> => {
      const kept = isFirst ? null : await findKept(key);
      if (kept !== null) {
        found.resolve({ found: kept, state: 'coalesced' });
        return;
      }
      const { transfer, check } = startFetch(options, tarball, ledger);
      flight.transferHold = transfer.hold();
      // Who comes after a failure asks anew.
      transfer.verified.catch(() => forget(key, flight));
      found.resolve({ found: { kind: 'arriving', transfer }, state: 'miss' });
      const { sizeBytes } = await transfer.verified;
      await keep(options, { key, tarball, transfer, sizeBytes, ...check().outcome() });
    };
    const run = async (): Promise<void> => {
      const kept = await ledger.span('cache', () => findKept(key));
      if (kept === null) await claimed(context, key, fetchIfMissing);
      else found.resolve({ found: kept, state: 'hit' });
    };
    flight.ended = run()
      .catch(found.reject)
      .finally(() => {
        forget(key, flight);
        leave(flight);
      });
    return flight;
  };

  return {
    async settled() {
      while (flights.size > 0) await Promise.all([...flights.values()].map(({ ended }) => ended));
    },
    async find(tarball, { ledger, signal }) {
      const { view, name, file } = tarball;
      const key = tarballKey(view, storeName(name), storeName(file));
      // Many ask for what is being looked for already: they wait for that, and do not look too.
      const running = flights.get(key);
      const known = running === undefined && records.get(key) !== undefined;
      const kept = known ? await ledger.span('cache', () => findKept(key)) : null;
      if (kept !== null) return { ...kept, state: 'hit', [Symbol.dispose]: () => {} };
      const flight = running ?? flights.get(key) ?? begin(key, tarball, ledger);
      flight.holders += 1;
      let isHeld = true;
      const letGo = (): void => {
        if (isHeld) leave(flight);
        isHeld = false;
      };
      const { found, state } = await abortable(flight.found, signal).catch((error: unknown) => {
        letGo();
        throw error;
      });
      return {
        ...found,
        state: running === undefined || state === 'hit' ? state : 'coalesced',
        [Symbol.dispose]: letGo,
      };
    },
  };
}

function startFetch(
  { context, stated, limits }: TarballsOptions,
  tarball: TarballName,
  ledger: RequestLedger,
): { transfer: Transfer; check: () => IntegrityCheck } {
  const { view, name, file } = tarball;
  const versions = stated.find(tarball, ledger);
  versions.catch(() => {});
  const subject = `${name}: ${file}`;
  let check = createIntegrityCheck(subject, versions);
  const transfer = startTransfer({
    subject,
    open: createTarballOpener(context, {
      view,
      name,
      path: `/${name}/-/${file.split('/').map(encodeURIComponent).join('/')}`,
      statedUrl: async () => urlOf((await versions)[0]?.tarball?.url),
      ledger,
    }),
    createCheck: () => (check = createIntegrityCheck(subject, versions)),
    limits,
    spoolDirectory: context.spoolDirectory,
    makeRoom: context.cache.free,
    retry: {
      policy: context.retry,
      waiting: context.waiting,
      signal: context.signal,
      giveUp: (failure: AttemptFailure, attempts) =>
        new AshlarError(failure.facts.code, `${failure.message}; asked ${attempts} times`, {
          cause: failure,
          data: { package: name, file },
        }),
    },
  });
  return { transfer, check: () => check };
}

interface ToKeep {
  readonly key: string;
  readonly tarball: TarballName;
  readonly transfer: Transfer;
  readonly sizeBytes: number;
  readonly sha512: string;
  readonly heldAgainst: string;
}

async function keep(
  { context, onNotKept }: TarballsOptions,
  { key, tarball, transfer, sizeBytes, sha512, heldAgainst }: ToKeep,
): Promise<void> {
  const { cache, waiting } = context;
  const body: SpooledBody = transfer.contents();
  const record = { sha512, sizeBytes, heldAgainst, fetchedAtMs: waiting.nowMs() };
  try {
    const blob = blobKey(sha512);
    if ((await cache.store(blob, body)) === 'no-room')
      throw new AshlarError('store_full', 'no room could be made for it');
    await cache.writeRecord(key, encodeTarballRecord(record), [blob]);
  } catch (error) {
    onNotKept(tarball, error);
  }
}

function urlOf(text: string | undefined): URL | null {
  return text === undefined ? null : URL.parse(text);
}
