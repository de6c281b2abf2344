import {
  type CacheConfig,
  type CacheCore,
  cachePrefixes,
  createCacheCore,
  loadCacheConfig,
  operatorCredentials,
  recordReferences,
} from '../../registry-cache/index.ts';
import type { CommandContext } from './command-context.ts';
import {
  type CoreParts,
  openPullThrough,
  type OpenPullThrough,
  type PullThroughOptions,
} from './open-pull-through.ts';
import type { RegistryCacheSettings } from './program-registry-cache.ts';

/** A registry cache without its servers, and what belongs to it on this machine. */
export type OpenRegistryCache = OpenPullThrough<CacheConfig, CacheCore>;

/** Opens a registry cache. Throws `config_invalid`, and the codes of `openPullThrough`. */
export async function openRegistryCache(
  context: CommandContext,
  { configFile, flags, cacheUrl }: RegistryCacheSettings,
  options: PullThroughOptions,
): Promise<OpenRegistryCache> {
  const config = await loadCacheConfig(configFile, flags);
  const credentials = operatorCredentials(context.env);
  const kind = {
    name: 'registry-cache',
    config,
    cacheUrl,
    upstreams: config.registries.flatMap(({ endpoints }) => endpoints),
    createCore: (parts: CoreParts<CacheConfig>) => createCacheCore({ ...parts, credentials }),
    prefixes: cachePrefixes,
    recordReferences,
  } as const;
  return openPullThrough(context, kind, options);
}
