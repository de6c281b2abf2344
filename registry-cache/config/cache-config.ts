import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import type { CachedRegistry } from './cached-registry.ts';
import { checkRegistries } from './check-registries.ts';
import { configProblem } from './config-problem.ts';
import { configSchema, rootName, type StatedConfig } from './config-schema.ts';
import { type PlacedRegistry, resolveRegistries } from './resolve-registries.ts';
import { withUpstreams } from './upstream-flags.ts';

/** What a registry cache is told, complete, free of contradictions, and frozen. */
export interface CacheConfig {
  readonly registries: readonly CachedRegistry[];
  /** Every name and alias of a registry, in lower case: the closed list. */
  readonly byHost: ReadonlyMap<string, CachedRegistry>;
  /** What is meant where a request names no registry. */
  readonly root: CachedRegistry;
  /** Whether everybody has to show a login: docker and podman show theirs only where they are asked for it at once. */
  readonly requireLogin: boolean;
  /** Hosts, without ports, that may be reached although they have private addresses, besides the endpoints. */
  readonly trustedHosts: readonly string[];
  /** Proxies in front of the cache, as addresses or networks. */
  readonly trustedProxies: readonly string[];
  /** How much longer something is given out while upstream cannot be asked. */
  readonly maxStaleMs: number;
  /** How long a repository may be read without asking upstream whether that is still allowed. */
  readonly grantMs: AccessTimes;
  /** How much longer while upstream cannot be asked. */
  readonly staleGrantMs: AccessTimes;
  /** Bytes in the cache; null for no limit. */
  readonly maxCacheBytes: number | null;
}

/** In milliseconds; with the credential of a client, and without one. */
export interface AccessTimes {
  readonly public: number;
  readonly credential: number;
}

/** What the command line says beside the file, or instead of it. */
export interface CacheFlags {
  /** `NAME=URL`: all of one name together replace the endpoints of that registry, or add a registry. */
  readonly upstreams: readonly string[];
  readonly root?: string;
  readonly maxCacheBytes?: number;
}

const defaultRoot = 'docker.io';

/**
 * Reads a configuration file (JSON; null for none) and the files of passwords that it names. Throws `config_invalid` with the
 * file and the place in it.
 */
export async function loadCacheConfig(
  file: string | null,
  flags: CacheFlags,
): Promise<CacheConfig> {
  const source = file ?? 'the command line';
  const stated = parseConfig(file === null ? {} : await readJson(file), source);
  const placed = withUpstreams(await resolveRegistries(stated, source), {
    upstreams: flags.upstreams,
    tagMaxAgeMs: stated.tagMaxAgeSec * 1000,
  });
  checkRegistries(placed);
  const registries = placed.map(frozenRegistry);
  const byHost = new Map(
    registries.flatMap((registry) =>
      [registry.name, ...registry.aliases].map((host) => [host, registry] as const),
    ),
  );
  return Object.freeze({
    registries: Object.freeze(registries),
    byHost,
    root: findRoot(byHost, { flag: flags.root, stated: stated.root, source }),
    requireLogin: stated.requireLogin,
    trustedHosts: Object.freeze(stated.trustedHosts.map((host) => host.replace(/:\d+$/, ''))),
    trustedProxies: Object.freeze(stated.trustedProxies),
    maxStaleMs: stated.maxStaleSec * 1000,
    grantMs: inMs(stated.grantSec),
    staleGrantMs: inMs(stated.staleGrantSec),
    maxCacheBytes: flags.maxCacheBytes ?? stated.maxCacheBytes,
  });
}

function parseConfig(raw: unknown, source: string): StatedConfig {
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const problem = parsed.error.issues
    .map(({ message, path }, index) => (index === 0 ? message : `${pathText(path)}: ${message}`))
    .join('; ');
  throw configProblem({ file: source, place: pathText(issue?.path ?? []) }, problem);
}

function pathText(path: readonly PropertyKey[]): string {
  return z.core.toDotPath(path);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw configProblem({ file, place: '' }, `is no JSON: ${error.message}`);
    const code = systemErrorCode(error);
    if (code === undefined || error instanceof AshlarError) throw error;
    throw configProblem({ file, place: '' }, `cannot be read (${code})`, { cause: error });
  }
}

function findRoot(
  byHost: ReadonlyMap<string, CachedRegistry>,
  asked: { readonly flag: string | undefined; readonly stated: string | undefined; source: string },
): CachedRegistry {
  const name = rootName.safeParse(asked.flag ?? asked.stated ?? defaultRoot);
  const root = name.success ? byHost.get(name.data) : undefined;
  if (root !== undefined) return root;
  const text = JSON.stringify(asked.flag ?? asked.stated ?? defaultRoot);
  const at =
    asked.flag === undefined
      ? { file: asked.source, place: 'root' }
      : { file: '--root', place: '' };
  throw configProblem(at, `there is no registry ${text}`, {
    hint: `Name one of ${[...byHost.keys()].slice(0, 30).join(', ')}.`,
  });
}

function frozenRegistry(placed: PlacedRegistry): CachedRegistry {
  const { name, clientCredentials, credentialFor, tagMaxAgeMs } = placed;
  return Object.freeze({
    name,
    aliases: Object.freeze(placed.aliases),
    endpoints: Object.freeze(placed.endpoints),
    clientCredentials,
    credential: Object.freeze(placed.credential),
    credentialFor,
    trustedRealms: Object.freeze(placed.trustedRealms),
    tagMaxAgeMs,
  });
}

function inMs(times: AccessTimes): AccessTimes {
  return Object.freeze({ public: times.public * 1000, credential: times.credential * 1000 });
}
