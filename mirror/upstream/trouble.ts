import type { FetchContext } from '../fetch-context.ts';
import type { Registry } from '../registries/registry.ts';

/** How the origins of a registry are: `failing` when none has answered since its last failure, `resting` while none is asked. */
export type Trouble = 'none' | 'failing' | 'resting';

export function troubleOf(
  { upstreamOf }: Pick<FetchContext, 'upstreamOf'>,
  registry: Registry,
): Trouble {
  const own = new Set(registry.upstreams.map(({ origin }) => origin));
  const states = upstreamOf(registry)
    .states()
    .filter(({ origin }) => own.has(origin));
  if (states.every(({ isResting }) => isResting)) return 'resting';
  return states.every(({ troubledSinceMs }) => troubledSinceMs !== null) ? 'failing' : 'none';
}
