import type { IncomingMessage } from 'node:http';
import { AshlarError } from '../../src/index.ts';
import { absoluteTarget } from '../../src/network.ts';
import { readViaPath } from '../lockfile/mirror-address.ts';
import { parseRegistryPath, type RegistryPath } from '../packument/names/registry-path.ts';
import type { Registries, Registry } from '../registries/registry.ts';
import type { Requester } from './requester.ts';

export interface RoutedRequest {
  readonly registry: Registry;
  /** Path at the registry with the query. */
  readonly path: string;
  readonly base: string;
  readonly wanted: RegistryPath;
  /**
   * Whether a credential that comes along is meant for this registry. Of what comes to a mirror of several registries by its
   * own name nobody can tell, unless the scope is bound: npm sends the token of one to where it finds all packages.
   */
  readonly credentialIs: 'for-registry' | 'unclear';
}

/**
 * Which registry is asked, and for what. By the path alone, never by Accept. A scope that is bound to a registry is never
 * asked of another one, so that nobody can put a public package of the same name in its place.
 */
export function routeRequest(
  { url = '/' }: IncomingMessage,
  { transparentFor, base }: Requester,
  registries: Registries,
): RoutedRequest {
  const target = url.startsWith('/') ? url : pathOf(url);
  const via = transparentFor === null ? readViaPath(target) : null;
  const path = via?.rest ?? target;
  const wanted = parseRegistryPath(path.split('?')[0] ?? '/');
  const scope = 'package' in wanted ? (wanted.package?.scope ?? null) : null;
  if (via === null) {
    const registry = transparentFor ?? registries.forScope(scope);
    checkBinding(registries, { scope, registry });
    const isClear =
      transparentFor !== null ||
      registries.all.length === 1 ||
      (scope !== null && registries.isBound(scope));
    const credentialIs = isClear ? 'for-registry' : 'unclear';
    return { registry, path, base, wanted, credentialIs };
  }
  const registry = registries.byHost(via.host);
  if (registry === undefined)
    throw new AshlarError('registry_unknown', `this mirror has no registry ${via.host}`);
  checkBinding(registries, { scope, registry });
  const viaBase = `${base}/-/via/${via.scheme}/${via.host}`;
  return { registry, path, base: viaBase, wanted, credentialIs: 'for-registry' };
}

function checkBinding(
  registries: Registries,
  { scope, registry }: { scope: string | null; registry: Registry },
): void {
  if (scope === null || !registries.isBound(scope)) return;
  const owner = registries.forScope(scope);
  if (owner === registry) return;
  throw new AshlarError(
    'package_forbidden',
    `packages of ${scope} come from the registry ${owner.name} alone, not from ${registry.name}`,
    {
      data: { scope, status: 403 },
      hint: `Configure the client: npm config set ${scope}:registry https://${owner.hosts[0] ?? owner.name}/`,
    },
  );
}

function pathOf(url: string): string {
  const parsed = absoluteTarget(url);
  return parsed === null ? '/' : `${parsed.pathname}${parsed.search}`;
}
