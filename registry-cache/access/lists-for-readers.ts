import type { Checked, Refreshed } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Place } from '../store/cache-keys.ts';
import type { GrantAsk, Grants } from './grants.ts';

export interface ReadersOptions {
  readonly context: Pick<CacheContext, 'settings' | 'waiting'>;
  readonly grants: Grants;
  readonly probe: GrantAsk['probe'];
}

/**
 * Lists of repositories for who may still read them: one that upstream gave a credential longer ago than such a grant holds is
 * given out as long as manifests and blobs are. Throws what `Grants.ensure` does besides.
 */
export function listsForReaders<T extends { readonly place: Place }, R extends Checked>(
  lists: Refreshed<T, R>,
  { context: { settings, waiting }, grants, probe }: ReadersOptions,
): Refreshed<T, R> {
  return {
    ...lists,
    async find(target, ask) {
      const found = await lists.find(target, ask);
      const ageMs = waiting.nowMs() - found.record.checkedAtMs;
      const isGranted = ageMs >= 0 && ageMs < settings.grantMs.credential;
      if (target.place.view.credential !== null && !isGranted)
        await grants.ensure(target.place, { probe, ...ask });
      return found;
    },
  };
}
