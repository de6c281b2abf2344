import {
  cachePrefixes,
  createMirrorCore,
  loadMirrorConfig,
  type MirrorConfig,
  type MirrorCore,
  recordReferences,
} from '../../mirror/index.ts';
import { createServingMetrics, type ServingMetrics } from '../serving/observe/serving-metrics.ts';
import type { CommandContext } from './command-context.ts';
import { type CacheHome, lineOn, openCacheHome } from './open-cache-home.ts';
import type { MirrorSettings } from './program-mirror.ts';

/** A mirror without its servers, and what belongs to it on this machine. */
export interface OpenMirror {
  readonly config: MirrorConfig;
  readonly core: MirrorCore;
  readonly metrics: ServingMetrics;
  readonly home: CacheHome;
  /** Counts what is kept as long as the signal lasts. */
  keepCounting(until: {
    readonly signal: AbortSignal;
    readonly onProblem: (error: unknown) => void;
  }): Promise<void>;
}

export interface OpenMirrorOptions {
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  readonly onNotKept: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine and is gone on without. Default: a line on stderr. */
  readonly onProblem?: (error: unknown) => void;
}

/** Opens the cache of a mirror. Throws `config_invalid`, `home_unusable`, and the codes of `openObjectStore`. */
export async function openMirror(
  context: CommandContext,
  settings: MirrorSettings,
  { stack, onNotKept, onProblem = lineOn(context) }: OpenMirrorOptions,
): Promise<OpenMirror> {
  const config = await loadMirrorConfig(settings.configFile, settings.flags);
  const home = await openCacheHome(context, {
    name: 'mirror',
    cacheUrl: settings.cacheUrl,
    maxBytes: config.maxCacheBytes,
    stack,
    onProblem,
  });
  const metrics = createServingMetrics({
    prefix: 'ashlar_mirror',
    upstreams: config.registries.flatMap(({ upstreams }) => upstreams),
  });
  const core = stack.use(
    createMirrorCore({
      ...home,
      config,
      env: context.env,
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
