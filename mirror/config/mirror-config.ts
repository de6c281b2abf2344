import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { isNetwork } from '../../src/network.ts';
import { defaultRegistry } from '../registries/default-registry.ts';
import type { Registry } from '../registries/registry.ts';
import { host } from './host.ts';

/** What a mirror is told, complete and free of contradictions. */
export interface MirrorConfig {
  /** The first is the default. */
  readonly registries: readonly [Registry, ...Registry[]];
  /** Scopes with their `@`, and the registries that alone have them. */
  readonly scopes: ReadonlyMap<string, Registry>;
  /** Hosts, without ports, that may be reached although they have private addresses, besides the upstreams. */
  readonly trustedHosts: readonly string[];
  /** Proxies in front of the mirror, as addresses or networks. */
  readonly trustedProxies: readonly string[];
  readonly policy: {
    readonly minReleaseAgeMs: number;
    readonly exempt: readonly string[];
    readonly allow: readonly string[];
    readonly deny: readonly string[];
    /** A file of advisories; null for none. */
    readonly advisories: string | null;
  };
  readonly maxAgeMs: number;
  readonly maxStaleMs: number;
  /** Bytes in the cache; null for no limit. */
  readonly maxCacheBytes: number | null;
}

const hasNoCredential = (url: URL | null): boolean => url?.username === '' && url.password === '';
const upstreamUrl = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    'is no http or https address',
  )
  .refine(
    (text) => hasNoCredential(URL.parse(text)),
    'has a credential, which clients have to send',
  )
  .refine((text) => !/[?#]/.test(text), 'has a query or a fragment, which no registry has')
  .refine((text) => URL.parse(text)?.hostname.includes('..') === false, 'has no name of a host')
  .transform((text) => new URL(text));
const registry = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'is not of lower-case letters, digits and dashes'),
  hosts: z.array(host).min(1),
  upstreams: z.array(upstreamUrl).min(1),
  access: z.enum(['public', 'private']).default('public'),
});
const scope = z.string().regex(/^@[A-Za-z0-9._-]+$/, 'is no scope such as @acme');
/** Longer is a slip, and less than a clock can count. */
const maxSeconds = 100 * 365 * 24 * 3600;
const seconds = z.number().nonnegative().max(maxSeconds);

const schema = z.strictObject({
  registries: z.array(registry).min(1).optional(),
  scopes: z.record(scope, z.string()).default({}),
  trustedHosts: z.array(host).default([]),
  trustedProxies: z.array(z.string().refine(isNetwork, 'is no network and no address')).default([]),
  maxAgeSec: seconds.default(300),
  maxStaleSec: seconds.default(7 * 24 * 3600),
  maxCacheBytes: z.number().int().positive().nullable().default(null),
  policy: z
    .strictObject({
      minReleaseAgeSec: seconds.default(0),
      exempt: z.array(z.string()).default([]),
      allow: z.array(z.string()).default([]),
      deny: z.array(z.string()).default([]),
      advisories: z.string().nullable().default(null),
    })
    .prefault({}),
});

/** What the command line says beside the file, or instead of it. */
export interface MirrorFlags {
  /** Replaces the upstreams of the default registry. */
  readonly upstreams: readonly string[];
  /** Further hosts of the default registry. */
  readonly hosts: readonly string[];
  readonly maxCacheBytes?: number;
}

const commandLine = 'the command line';

/** Reads a configuration file; null for none. Throws `config_invalid` with the file and the place in it. */
export async function loadMirrorConfig(
  file: string | null,
  flags: MirrorFlags,
): Promise<MirrorConfig> {
  const place = file ?? commandLine;
  const raw = file === null ? {} : await readJson(file);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw invalid(place, z.prettifyError(parsed.error));
  const { data } = parsed;
  const registries = withFlags(data.registries ?? [defaultRegistry()], flags, place);
  const scopes = new Map(
    Object.entries(data.scopes).map(([name, owner]) => {
      const found = registries.find((each) => each.name === owner);
      if (found === undefined)
        throw invalid(place, `scopes.${name}: there is no registry ${owner}`);
      return [name, found] as const;
    }),
  );
  checkHosts(registries, place);
  const { minReleaseAgeSec, ...policy } = data.policy;
  return {
    registries,
    scopes,
    trustedHosts: data.trustedHosts.map((each) => each.replace(/:\d+$/, '')),
    trustedProxies: data.trustedProxies,
    policy: { ...policy, minReleaseAgeMs: minReleaseAgeSec * 1000 },
    maxAgeMs: data.maxAgeSec * 1000,
    maxStaleMs: data.maxStaleSec * 1000,
    maxCacheBytes: flags.maxCacheBytes ?? data.maxCacheBytes,
  };
}

/** The names that clients know the registries by, without ports. */
export function mirroredNames({ registries }: Pick<MirrorConfig, 'registries'>): string[] {
  const hosts = registries.flatMap((each) => each.hosts);
  return [...new Set(hosts.map((each) => each.replace(/:\d+$/, '')))];
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(file, `is no JSON: ${error.message}`);
    if (systemErrorCode(error) === undefined) throw error;
    throw invalid(file, `cannot be read (${systemErrorCode(error)})`);
  }
}

function withFlags(
  [first, ...rest]: readonly Registry[],
  { upstreams, hosts }: MirrorFlags,
  place: string,
): readonly [Registry, ...Registry[]] {
  if (first === undefined) throw invalid(place, 'registries: there is none');
  const urls = z.array(upstreamUrl).safeParse(upstreams);
  if (!urls.success) throw invalid('--upstream', z.prettifyError(urls.error));
  const names = z.array(host).safeParse(hosts);
  if (!names.success) throw invalid('--host', z.prettifyError(names.error));
  const changed = {
    ...first,
    hosts: [...new Set([...first.hosts, ...names.data])],
    upstreams: urls.data.length === 0 ? first.upstreams : urls.data,
  };
  return [changed, ...rest];
}

function checkHosts(registries: readonly Registry[], place: string): void {
  const owners = new Map<string, string>();
  const names = new Set<string>();
  for (const { name, hosts } of registries) {
    if (names.has(name)) throw invalid(place, `registries: two have the name ${name}`);
    names.add(name);
    for (const each of hosts) {
      const owner = owners.get(each);
      if (owner !== undefined && owner !== name)
        throw invalid(place, `registries: ${owner} and ${name} both have the host ${each}`);
      owners.set(each, name);
    }
  }
}

function invalid(place: string, problem: string): AshlarError {
  const isFile = !place.startsWith('--') && place !== commandLine;
  return new AshlarError('config_invalid', `${place}: ${problem}`, {
    data: { file: place },
    ...(isFile ? { hint: `Mend the file ${place} at the place named above.` } : {}),
  });
}
