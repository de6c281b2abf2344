import { type Trouble, troubleOf } from '../../src/network.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { Registry } from '../registries/registry.ts';

/** How the own origins of a registry are: where its documents point to does not count. */
export function registryTrouble(
  { upstreamOf }: Pick<FetchContext, 'upstreamOf'>,
  registry: Registry,
): Trouble {
  const own = new Set(registry.upstreams.map(({ origin }) => origin));
  const states = upstreamOf(registry).states();
  return troubleOf(states.filter(({ origin }) => own.has(origin)));
}
