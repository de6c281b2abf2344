import { AshlarError } from '../../src/index.ts';
import type { CacheConfig } from '../config/cache-config.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import { isRegistryHost, looksLikeHost } from '../config/registry-host.ts';
import type { Segments } from './request-path.ts';

/** The registry, and what of the name is the repository in it. */
export interface ChosenRegistry {
  readonly registry: CachedRegistry;
  readonly repository: Segments;
}

type Registries = Pick<CacheConfig, 'byHost' | 'root'>;

/**
 * Which registry is meant: the one that `ns` names, else the one by whose name the path begins, else the root. Only those of the
 * configuration are ever given, so nobody can have the cache ask a host of their choice. A name before the repository that says
 * the same as `ns` belongs to the way and not to the repository. Throws `registry_not_cached` for a host that is not among them,
 * and `repository_name_invalid` for an `ns` that is no host or is there twice.
 */
export function chooseRegistry(
  name: Segments,
  { ns, registries }: { readonly ns: readonly string[]; readonly registries: Registries },
): ChosenRegistry {
  const [first = '', ...rest] = name;
  const prefix = registries.byHost.get(first.toLowerCase());
  if (ns.length > 0) {
    const registry = byNamespace(ns, registries);
    return { registry, repository: prefix === registry ? rest : name };
  }
  if (prefix !== undefined) return { registry: prefix, repository: rest };
  // Docker Hub has no such names: what is meant is a registry.
  if (rest.length > 0 && looksLikeHost(first) && isRegistryHost(first.toLowerCase()))
    throw notCached(first, registries);
  return { registry: registries.root, repository: name };
}

/** `ns` is what containerd and BuildKit say when they ask a mirror (containerd, "Registry Host Namespace"). */
function byNamespace(ns: readonly string[], registries: Registries): CachedRegistry {
  const [value = ''] = ns;
  if (ns.length > 1) throw namespaceInvalid(`is there ${ns.length} times`, ns.join(' and '));
  const host = value.toLowerCase();
  const registry = registries.byHost.get(host);
  if (registry !== undefined) return registry;
  if (!isRegistryHost(host)) throw namespaceInvalid('is no host of a registry', value);
  throw notCached(value, registries);
}

function namespaceInvalid(problem: string, value: string): AshlarError {
  const shown = JSON.stringify(value.slice(0, 100));
  return new AshlarError('repository_name_invalid', `ns ${problem}: ${shown}`, {
    hint: 'Write the host that stands in the name of the image, such as ?ns=docker.io.',
  });
}

function notCached(host: string, { byHost }: Registries): AshlarError {
  const names = [...new Set([...byHost.values()].map((registry) => registry.name))];
  return new AshlarError('registry_not_cached', `this cache has no registry ${host}`, {
    data: { registry: host },
    hint: `It has ${names.slice(0, 20).join(', ')}; others are added with --upstream NAME=URL or in its configuration.`,
  });
}
