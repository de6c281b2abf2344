import { AshlarError, once } from '../../src/index.ts';
import {
  type AttemptFailure,
  type RequestLedger,
  startTransfer,
  type Transfer,
  type TransferLimits,
} from '../../src/network.ts';
import type { FetchContext } from '../fetch-context.ts';
import { tarballPath } from '../packument/names/format-registry-path.ts';
import type { PackumentVersion } from '../packument/packument-index.ts';
import { createIntegrityCheck, type IntegrityCheck } from './integrity-check.ts';
import { createTarballOpener } from './open-tarball.ts';
import type { StatedTarballs, TarballName } from './stated-tarball.ts';

export interface TarballFetch {
  readonly context: FetchContext;
  readonly stated: StatedTarballs;
  readonly limits: TransferLimits;
}

/** A tarball that is being fetched; `outcome` says what it was held against, once it is verified. */
export interface FetchedTarball {
  readonly transfer: Transfer;
  readonly outcome: IntegrityCheck['outcome'];
}

/** Begins to fetch a tarball, which is held against what its packument states meanwhile. */
export function fetchTarball(
  { context, stated, limits }: TarballFetch,
  tarball: TarballName,
  ledger: RequestLedger,
): FetchedTarball {
  const { view, name, file } = tarball;
  const subject = `${name}: ${file}`;
  const known = stated.find(tarball, ledger);
  known.catch(() => {});
  // It may have been published anew since the packument was fetched.
  const anew = once(() => orNone(stated.confirm(tarball, ledger)));
  let check = createIntegrityCheck(subject, { known, anew });
  const transfer = startTransfer({
    subject,
    open: createTarballOpener(context, {
      view,
      name,
      path: tarballPath(name, file),
      statedUrl: async () => urlOf((await known)[0]?.tarball?.url),
      ledger,
    }),
    createCheck: () => (check = createIntegrityCheck(subject, { known, anew })),
    limits,
    spool: context.spool,
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
  return { transfer, outcome: () => check.outcome() };
}

/** What cannot be asked now mends nothing. */
async function orNone(
  versions: Promise<readonly PackumentVersion[]>,
): Promise<readonly PackumentVersion[]> {
  try {
    return await versions;
  } catch (error) {
    if (error instanceof AshlarError) return [];
    throw error;
  }
}

/** Other schemes lead to no registry. */
function urlOf(text: string | undefined): URL | null {
  return text !== undefined && /^https?:/i.test(text) ? URL.parse(text) : null;
}
