import type { ObjectCache } from '../object-cache/object-cache.ts';
import {
  type CacheFacts,
  createServingMetrics,
  type ServingMetrics,
} from '../serving/observe/serving-metrics.ts';
import type { CommandContext } from './command-context.ts';
import { type CacheHome, lineOn, openCacheHome } from './open-cache-home.ts';

/** A server that pulls through, without its sockets, and what belongs to it on this machine. */
export interface OpenPullThrough<Config, Core> {
  readonly config: Config;
  readonly core: Core;
  readonly metrics: ServingMetrics;
  readonly home: CacheHome;
  readonly cacheFacts: () => CacheFacts;
  /** What of the store is its own, and what keeps what. */
  readonly counted: CountedKeys;
  /** Counts what is kept as long as the signal lasts. */
  keepCounting(until: {
    readonly signal: AbortSignal;
    readonly onProblem: (error: unknown) => void;
  }): Promise<void>;
}

export interface CountedKeys {
  readonly prefixes: readonly string[];
  /** The objects that one keeps. */
  readonly referencesOf: (key: string) => Promise<string[]>;
}

export interface PullThroughOptions {
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  readonly onNotKept: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine and is gone on without. Default: a line on stderr. */
  readonly onProblem?: (error: unknown) => void;
}

/** What the core of each is given. */
export interface CoreParts<Config> extends CacheHome {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onUpstreamRequest: (host: string, durationMs: number) => void;
  readonly onNotKept: (subject: string, error: unknown) => void;
  readonly onProblem: (error: unknown) => void;
}

export interface PullThroughKind<Config, Core> {
  /** The folder in Ashlar's home. */
  readonly name: 'mirror' | 'registry-cache';
  readonly config: Config;
  /** Null: a folder there. */
  readonly cacheUrl: string | null;
  readonly upstreams: readonly URL[];
  readonly createCore: (parts: CoreParts<Config>) => Core;
  readonly prefixes: readonly string[];
  readonly recordReferences: (cache: ObjectCache, key: string) => Promise<string[]>;
}

type AnyConfig = { readonly maxCacheBytes: number | null };
type AnyCore = AsyncDisposable & { readonly cache: ObjectCache };

/** Throws `home_unusable`, and the codes of `openObjectStore`. */
export async function openPullThrough<Config extends AnyConfig, Core extends AnyCore>(
  context: CommandContext,
  kind: PullThroughKind<Config, Core>,
  { stack, onNotKept, onProblem = lineOn(context) }: PullThroughOptions,
): Promise<OpenPullThrough<Config, Core>> {
  const { name, config, cacheUrl, prefixes } = kind;
  const maxBytes = config.maxCacheBytes;
  const home = await openCacheHome(context, { name, cacheUrl, maxBytes, stack, onProblem });
  const metrics = createServingMetrics({
    prefix: `ashlar_${name.replace('-', '_')}`,
    upstreams: kind.upstreams,
  });
  const core = stack.use(
    kind.createCore({
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
  const { index, evictor } = home;
  const cacheFacts = (): CacheFacts => ({ bytes: index.totalBytes(), evicted: evictor.counts() });
  const counted: CountedKeys = {
    prefixes,
    referencesOf: (key) => kind.recordReferences(core.cache, key),
  };
  const keepCounting: OpenPullThrough<Config, Core>['keepCounting'] = (until) =>
    home.keepCounting({ ...until, ...counted });
  return { config, core, metrics, home, cacheFacts, counted, keepCounting };
}
