import type { OnTiming } from '../upstream/timed-connector.ts';
import { findServer, type SearchContext, type ServerKind } from './find-server.ts';

/** A registry cache that answers. */
export interface FoundRegistryCache {
  /** `http[s]://host[:port]`. */
  readonly url: string;
  /** Names and aliases of the registries that it has. */
  readonly registries: readonly string[];
}

export type RegistryCacheSearch =
  /** `none`: nobody serves one here, or none is wanted. */
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly cache: FoundRegistryCache }
  /** The one that ASHLAR_REGISTRY_CACHE names does not answer. */
  | { readonly kind: 'silent'; readonly url: string; readonly problem: string };

const registryCaches: ServerKind<FoundRegistryCache> = {
  folder: 'registry-cache',
  variable: 'ASHLAR_REGISTRY_CACHE',
  word: 'cache',
  schemes: ['http', 'https'],
  read(health, url) {
    const { registries } = Object(health) as { readonly registries?: unknown };
    const isList = Array.isArray(registries) && registries.every((one) => typeof one === 'string');
    return isList ? { url, registries } : 'it is no registry cache';
  },
};

/**
 * The registry cache to ask before registries: the one that ASHLAR_REGISTRY_CACHE names (`none` for none), else one that
 * `ashlar registry-cache serve` runs with the same home. Throws `config_invalid` for a wrong address, and the abort reason.
 */
export async function findRegistryCache(
  context: SearchContext,
  onTiming: OnTiming = () => {},
): Promise<RegistryCacheSearch> {
  const search = await findServer(context, registryCaches, onTiming);
  return search.kind === 'found' ? { kind: 'found', cache: search.server } : search;
}
