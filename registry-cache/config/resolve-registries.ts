import { type ConfigPlace, configProblem } from './config-problem.ts';
import type { CachedRegistry, OperatorCredential } from './cached-registry.ts';
import type { StatedConfig, StatedRegistry } from './config-schema.ts';
import { type KnownRegistry, knownRegistries } from './known-registries.ts';
import { isLoopbackHost } from './registry-host.ts';
import { readPassword } from './read-password.ts';

/** A registry with the place where it was stated. */
export interface PlacedRegistry extends CachedRegistry {
  readonly at: ConfigPlace;
}

/**
 * The stated registries, and those known ones that are not stated again. What a stated one leaves out is taken from the known one
 * of its name. Throws `config_invalid`.
 */
export async function resolveRegistries(
  config: StatedConfig,
  file: string,
): Promise<readonly PlacedRegistry[]> {
  const tagMaxAgeMs = config.tagMaxAgeSec * 1000;
  const stated: PlacedRegistry[] = [];
  for (const [index, registry] of config.registries.entries()) {
    const at = { file, place: `registries[${index}]` };
    stated.push(await resolveStated(registry, { at, tagMaxAgeMs }));
  }
  const names = new Set(stated.map(({ name }) => name));
  const known = config.onlyStated ? [] : knownRegistries.filter(({ name }) => !names.has(name));
  return [...stated, ...known.map((each) => resolveKnown(each, { file, tagMaxAgeMs }))];
}

/** One that is known by its endpoints alone. */
export function unknownRegistry(
  { name, endpoints }: Pick<CachedRegistry, 'name' | 'endpoints'>,
  { at, tagMaxAgeMs }: { readonly at: ConfigPlace; readonly tagMaxAgeMs: number },
): PlacedRegistry {
  return { name, endpoints, aliases: [], trustedRealms: [], tagMaxAgeMs, at, ...withoutCredential };
}

const withoutCredential = {
  clientCredentials: false,
  credential: { kind: 'none' },
  credentialFor: 'public',
} as const;

function resolveKnown(
  { name, aliases, endpoint, trustedRealms }: KnownRegistry,
  { file, tagMaxAgeMs }: { readonly file: string; readonly tagMaxAgeMs: number },
): PlacedRegistry {
  const at = { file, place: `the known registry ${name}` };
  const endpoints = [new URL(endpoint)] as const;
  return { ...unknownRegistry({ name, endpoints }, { at, tagMaxAgeMs }), aliases, trustedRealms };
}

async function resolveStated(
  stated: StatedRegistry,
  { at, tagMaxAgeMs }: { readonly at: ConfigPlace; readonly tagMaxAgeMs: number },
): Promise<PlacedRegistry> {
  const { name, tagMaxAgeSec, credential, credentialFor, clientCredentials } = stated;
  const known = knownRegistries.find((each) => each.name === name);
  const [first = new URL(known?.endpoint ?? defaultEndpoint(name)), ...rest] =
    stated.endpoints ?? [];
  if (credentialFor !== undefined && credential === 'none')
    throw configProblem({ ...at, place: `${at.place}.credentialFor` }, 'there is no credential');
  return {
    name,
    aliases: [...new Set(stated.aliases ?? known?.aliases ?? [])],
    endpoints: [first, ...rest],
    clientCredentials,
    credential: await resolveCredential(credential, { ...at, place: `${at.place}.credential` }),
    credentialFor: credentialFor ?? 'public',
    trustedRealms: [...new Set(stated.trustedRealms ?? known?.trustedRealms ?? [])],
    tagMaxAgeMs: tagMaxAgeSec === undefined ? tagMaxAgeMs : tagMaxAgeSec * 1000,
    at,
  };
}

/** As clients guess it from the name. */
function defaultEndpoint(name: string): string {
  const scheme = isLoopbackHost(name.replace(/:\d+$/, '')) ? 'http' : 'https';
  return `${scheme}://${name}`;
}

async function resolveCredential(
  stated: StatedRegistry['credential'],
  at: ConfigPlace,
): Promise<OperatorCredential> {
  if (stated === 'none' || stated === 'docker') return { kind: stated };
  const { username, passwordFile } = stated;
  return { kind: 'password', username, password: await readPassword(passwordFile, at) };
}
