import { AshlarError } from '../../src/index.ts';
import type { RequestLedger } from '../../src/network.ts';
import type { Indexes } from '../documents/indexes.ts';
import type { Packuments } from '../documents/packuments.ts';
import type { View } from '../registries/view.ts';

/** When the versions of a package were released, as far as the full packument tells: abbreviated ones do not. */
export interface ReleaseTimes {
  /** The packument's body that tells it. */
  readonly body: string;
  /** Milliseconds since 1970, by version. */
  readonly byVersion: ReadonlyMap<string, number>;
}

export interface ReleaseTimesOptions {
  readonly packuments: Packuments;
  readonly indexes: Indexes;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

/** Throws the failures of fetching a packument, and `cache_unstable`. */
export async function findReleaseTimes(
  { packuments, indexes, signal }: ReleaseTimesOptions,
  { view, name }: { readonly view: View; readonly name: string },
  ledger: RequestLedger,
): Promise<ReleaseTimes> {
  const target = { view, name, form: 'full' } as const;
  for (let turn = 0; turn < 2; turn += 1) {
    const { record } = await packuments.find(target, { ledger, signal, freshness: 'current' });
    const index = await indexes.find(record.body);
    if (index !== null) return { body: record.body, byVersion: index.releaseTimes };
    packuments.forget(target);
  }
  throw new AshlarError('cache_unstable', `the cache loses ${name} as soon as it is stored`);
}
