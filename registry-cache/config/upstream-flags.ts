import { type ConfigPlace, configProblem } from './config-problem.ts';
import { endpointUrl } from './config-schema.ts';
import { isRegistryHost } from './registry-host.ts';
import { type PlacedRegistry, unknownRegistry } from './resolve-registries.ts';

const at: ConfigPlace = { file: '--upstream', place: '' };
const hint = 'Write it as --upstream docker.io=https://registry.example';

/**
 * What `--upstream NAME=URL` makes of the registries: several of one name are its endpoints in that order. Throws
 * `config_invalid`.
 */
export function withUpstreams(
  registries: readonly PlacedRegistry[],
  {
    upstreams,
    tagMaxAgeMs,
  }: { readonly upstreams: readonly string[]; readonly tagMaxAgeMs: number },
): readonly PlacedRegistry[] {
  const endpoints = new Map<string, [URL, ...URL[]]>();
  for (const text of upstreams) {
    const { host, url } = parseUpstream(text);
    const owner = registries.find(({ name, aliases }) => name === host || aliases.includes(host));
    const name = owner?.name ?? host;
    const own = endpoints.get(name);
    if (own === undefined) endpoints.set(name, [url]);
    else own.push(url);
  }
  const changed = registries.map((registry) => {
    const own = endpoints.get(registry.name);
    endpoints.delete(registry.name);
    return own === undefined ? registry : { ...registry, endpoints: own };
  });
  const added = [...endpoints].map(([name, own]) =>
    unknownRegistry({ name, endpoints: own }, { at, tagMaxAgeMs }),
  );
  return [...changed, ...added];
}

function parseUpstream(text: string): { host: string; url: URL } {
  const equals = text.indexOf('=');
  const host = text.slice(0, Math.max(0, equals)).toLowerCase();
  // A URL before the equals sign may hold a credential: only a name is shown.
  if (!isRegistryHost(host)) {
    throw configProblem(at, 'what stands before the = is no host of a registry', { hint });
  }
  const url = endpointUrl.safeParse(text.slice(equals + 1));
  if (url.success) return { host, url: url.data };
  const problem = url.error.issues[0]?.message ?? 'is no address';
  throw configProblem(at, `${host}: ${problem}`, { hint });
}
