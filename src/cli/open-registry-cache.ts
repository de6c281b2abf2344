import {
  type CacheConfig,
  type CacheCore,
  cachePrefixes,
  createCacheCore,
  loadCacheConfig,
  operatorCredentials,
  recordReferences,
} from '../../registry-cache/index.ts';
import { createServingMetrics, type ServingMetrics } from '../serving/observe/serving-metrics.ts';
import type { CommandContext } from './command-context.ts';
import { type CacheHome, lineOn, openCacheHome } from './open-cache-home.ts';
import type { RegistryCacheSettings } from './program-registry-cache.ts';

/** A registry cache without its servers, and what belongs to it on this machine. */
export interface OpenRegistryCache {
  readonly config: CacheConfig;
  readonly core: CacheCore;
  readonly metrics: ServingMetrics;
  readonly home: CacheHome;
  /** Counts what is kept as long as the signal lasts. */
  keepCounting(until: {
    readonly signal: AbortSignal;
    readonly onProblem: (error: unknown) => void;
  }): Promise<void>;
}

export interface OpenRegistryCacheOptions {
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  readonly onNotKept: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine and is gone on without. Default: a line on stderr. */
  readonly onProblem?: (error: unknown) => void;
}

/** Opens a registry cache. Throws `config_invalid`, `home_unusable`, and the codes of `openObjectStore`. */
export async function openRegistryCache(
  context: CommandContext,
  settings: RegistryCacheSettings,
  { stack, onNotKept, onProblem = lineOn(context) }: OpenRegistryCacheOptions,
): Promise<OpenRegistryCache> {
  const config = await loadCacheConfig(settings.configFile, settings.flags);
  const home = await openCacheHome(context, {
    name: 'registry-cache',
    cacheUrl: settings.cacheUrl,
    maxBytes: config.maxCacheBytes,
    stack,
    onProblem,
  });
  const metrics = createServingMetrics({
    prefix: 'ashlar_registry_cache',
    upstreams: config.registries.flatMap(({ endpoints }) => endpoints),
  });
  const core = stack.use(
    createCacheCore({
      ...home,
      config,
      env: context.env,
      credentials: operatorCredentials(context.env),
      signal: context.signal,
      onUpstreamRequest: metrics.upstreamRequest,
      onNotKept(subject, error) {
        metrics.notKept();
        onNotKept(subject, error);
      },
      onProblem,
    }),
  );
  const referencesOf = (key: string): Promise<string[]> => recordReferences(core.cache, key);
  return {
    config,
    core,
    metrics,
    home,
    keepCounting: (until) => home.keepCounting({ ...until, prefixes: cachePrefixes, referencesOf }),
  };
}
