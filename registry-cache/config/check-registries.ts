import { configProblem } from './config-problem.ts';
import { isLoopbackHost } from './registry-host.ts';
import type { PlacedRegistry } from './resolve-registries.ts';

/** Throws `config_invalid` where two registries have one name, or a credential would go over the network in clear. */
export function checkRegistries(registries: readonly PlacedRegistry[]): void {
  const owners = new Map<string, PlacedRegistry>();
  for (const registry of registries) {
    for (const host of [registry.name, ...registry.aliases]) {
      const owner = owners.get(host);
      if (owner !== undefined) throw twice(host, { owner, registry });
      owners.set(host, registry);
    }
    checkEndpoints(registry);
  }
}

function twice(
  host: string,
  { owner, registry }: { readonly owner: PlacedRegistry; readonly registry: PlacedRegistry },
): Error {
  const problem =
    owner === registry
      ? `${registry.name} has the name ${host} twice`
      : owner.name === registry.name
        ? `two registries have the name ${host}`
        : `${owner.name} and ${registry.name} are both known as ${host}`;
  // A known registry stands behind the stated ones, and only those can be mended.
  const at = registry.at.place.startsWith('registries[') ? registry.at : owner.at;
  return configProblem(at, problem, {
    hint: 'Give each name once; "onlyStated": true leaves out the registries that are known without being stated.',
  });
}

function checkEndpoints({ at, endpoints, credential, clientCredentials }: PlacedRegistry): void {
  if (new Set(endpoints.map(({ href }) => href)).size < endpoints.length)
    throw configProblem(at, 'one endpoint is there twice');
  const clear = endpoints.find(
    ({ protocol, hostname }) => protocol === 'http:' && !isLoopbackHost(hostname),
  );
  if (clear === undefined || (credential.kind === 'none' && !clientCredentials)) return;
  const whose = credential.kind === 'none' ? "clients' credentials" : 'the credential';
  throw configProblem(at, `${whose} would be sent in clear to ${clear.origin}`, {
    hint: 'Use an https endpoint, or no credential.',
  });
}
