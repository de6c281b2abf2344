import {
  type BodyFlights,
  createBodyFlights,
  type FoundBody,
  type StoreOutcome,
} from '../../src/network.ts';
import { tarballKey } from '../cache/cache-paths.ts';
import { storeName } from '../packument/names/store-name.ts';
import { fetchTarball, type TarballFetch } from './fetch-tarball.ts';
import { createKeptTarballs, type KeptTarball } from './kept-tarballs.ts';
import type { TarballName } from './stated-tarball.ts';

/** Tarballs: in the cache, where they stay as long as there is room, or fetched once for all who ask. */
export type Tarballs = BodyFlights<TarballName, KeptTarball>;

/** A tarball to be sent: kept, or arriving. Dispose it when it is sent. */
export type FoundTarball = FoundBody<KeptTarball>;

export interface TarballsOptions extends TarballFetch {
  /** Told of what could not be kept; who asked has the bytes all the same. */
  readonly onNotKept: (tarball: TarballName, error: unknown) => void;
}

export function createTarballs(options: TarballsOptions): Tarballs {
  const kept = createKeptTarballs(options.context);
  return createBodyFlights<TarballName, KeptTarball>(options.context, {
    absence: 'package_not_found',
    keyOf,
    isKnown: kept.isKnown,
    find: (key) => kept.find(key),
    fetch(tarball, ledger) {
      const fetched = fetchTarball(options, tarball, ledger);
      const keep = async (): Promise<StoreOutcome> => {
        const outcome = await kept.keep(keyOf(tarball), fetched);
        if (outcome.kind === 'not-kept') options.onNotKept(tarball, outcome.because);
        return outcome;
      };
      return { transfer: fetched.transfer, keep };
    },
  });
}

function keyOf({ view, name, file }: TarballName): string {
  return tarballKey(view, storeName(name), storeName(file));
}
