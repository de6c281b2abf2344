import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimsOrAlone,
  createAddressRule,
  createObjectCache,
  createTransport,
  type CredentialLookup,
  defaultTransferLimits,
  type HostClaims,
  type ObjectCache,
  type ObjectUsage,
  type Refreshed,
  type RetryPolicy,
  seldom,
  type SpoolPlace,
  type Timeouts,
  type TransferLimits,
  type Transport,
  type Waiting,
} from '../src/network.ts';
import type { ObjectStore } from '../src/index.ts';
import { createGrants } from './access/grants.ts';
import { type Blobs, createBlobs } from './blobs/blobs.ts';
import { type CacheContext, type CacheSettings, defaultCacheSettings } from './cache-context.ts';
import type { CacheConfig, CachedRegistry } from './config/cache-config.ts';
import { createReferrers, type Referrers, type Subject } from './lists/referrers.ts';
import { createTagLists, type Listed, type TagList } from './lists/tag-lists.ts';
import { createManifests, type Manifests } from './manifests/manifests.ts';
import { createTags, type TagName, type TagRecord } from './manifests/tags.ts';
import { createLinks } from './store/links.ts';
import { tellingOfProblems } from './upstream/operator-credentials.ts';
import { createRateLimits, type RateLimits } from './upstream/rate-limits.ts';
import {
  createRegistrySources,
  type RegistryState,
  trustedHosts,
} from './upstream/registry-source.ts';

/** A registry cache without its servers. */
export interface CacheCore extends AsyncDisposable {
  readonly config: CacheConfig;
  readonly cache: ObjectCache;
  readonly manifests: Manifests;
  readonly tags: Refreshed<TagName, TagRecord>;
  readonly tagLists: Refreshed<Listed, TagList>;
  readonly referrers: Refreshed<Subject, Referrers>;
  readonly blobs: Blobs;
  readonly limits: RateLimits;
  readonly settings: CacheSettings;
  states(): readonly RegistryState[];
}

export interface CacheCoreOptions {
  readonly config: CacheConfig;
  readonly objects: ObjectStore;
  readonly usage: ObjectUsage;
  readonly claims: HostClaims;
  readonly spool: SpoolPlace;
  /** For proxies. */
  readonly env: NodeJS.ProcessEnv;
  /** What the operator has stored for a registry. */
  readonly credentials: (registry: CachedRegistry) => CredentialLookup;
  /** Ends everything that is fetched. */
  readonly signal: AbortSignal;
  /** Told of what could not be kept; who asked has it all the same. */
  readonly onNotKept?: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine and is gone on without. */
  readonly onProblem?: (error: unknown) => void;
  /** Told of each request to a registry, with the time until the head of its answer. */
  readonly onUpstreamRequest?: (host: string, durationMs: number) => void;
  readonly settings?: Partial<CacheSettings>;
  readonly limits?: Partial<TransferLimits>;
  readonly retry?: Partial<RetryPolicy>;
  readonly timeouts?: Partial<Timeouts>;
  /** Bytes of small objects that are kept in memory. */
  readonly hotBytes?: number;
  readonly nowMs?: () => number;
}

const defaultHotBytes = 64 * 1024 ** 2;
/** To one host, for layers and for all else: layers of an image come side by side, of several images too. */
const upstreamConnections = 32;
const storeTimeoutMs = 5_000;
/** The same problem is told of no more often. */
const reportPeriodMs = 60_000;
/** A stalled layer goes on by Range from another connection long before a client gives up on it. */
const defaultTimeouts: Timeouts = { connectMs: 5_000, headersMs: 10_000, bodyIdleMs: 3_000 };
const defaultRetry: RetryPolicy = {
  attempts: 6,
  baseDelayMs: 200,
  maxDelayMs: 3_000,
  maxRetryAfterMs: 10_000,
};
/** An image of tens of GB is rare, and a layer of that size more so. */
const layerLimits: Partial<TransferLimits> = {
  maxBytes: 64 * 1024 ** 3,
  totalMs: 6 * 3600_000,
  // Clients that were given wrong bytes go on behind them: what arrives in a few seconds is verified before it goes out. Longer
  // than a stall lasts, so that wrong bytes before one are found out too.
  heldMs: 4_000,
};

export function createCacheCore(options: CacheCoreOptions): CacheCore {
  const { config, signal } = options;
  const waiting = realWaiting(options.nowMs ?? Date.now);
  const { nowMs } = waiting;
  const onProblem = seldom(options.onProblem ?? (() => {}), { periodMs: reportPeriodMs, nowMs });
  const cache = createObjectCache({
    objects: options.objects,
    hotBytes: options.hotBytes ?? defaultHotBytes,
    usage: options.usage,
    onProblem,
    nowMs,
  });
  const retry = { ...defaultRetry, ...options.retry };
  const limits = createRateLimits(waiting.nowMs);
  const transport = openTransport(options);
  const context: CacheContext = {
    cache,
    sources: createRegistrySources({
      registries: config.registries,
      transport,
      retry,
      waiting,
      limits,
      credentials: tellingOfProblems(options.credentials, onProblem),
    }),
    claims: claimsOrAlone(options.claims, onProblem),
    waiting,
    retry,
    spool: options.spool,
    settings: {
      ...defaultCacheSettings,
      maxStaleMs: config.maxStaleMs,
      grantMs: config.grantMs,
      staleGrantMs: config.staleGrantMs,
      ...options.settings,
    },
    signal,
  };
  const onNotKept = options.onNotKept ?? (() => {});
  const links = createLinks({ cache, onNotKept });
  const grants = createGrants(context);
  const manifests = createManifests({ context, grants, links, onNotKept });
  const blobs = createBlobs({
    context,
    grants,
    links,
    limits: { ...defaultTransferLimits, ...layerLimits, ...options.limits },
    onNotKept,
  });
  const tags = createTags({ context, grants, manifests });
  const tagLists = createTagLists(context, grants);
  const referrers = createReferrers({ context, grants, manifests });
  const parts = [blobs, tags, tagLists, referrers];
  return {
    config,
    cache,
    manifests,
    tags,
    tagLists,
    referrers,
    blobs,
    limits,
    settings: context.settings,
    states: () => context.sources.states(),
    async [Symbol.asyncDispose]() {
      // What is learned of manifests becomes links until the last of them is there.
      const settled = Promise.all(parts.map((each) => each.settled())).then(links.settled);
      await Promise.race([settled, sleep(storeTimeoutMs, undefined, { ref: false })]);
      await transport[Symbol.asyncDispose]();
    },
  };
}

function realWaiting(nowMs: () => number): Waiting {
  return {
    nowMs,
    random: Math.random,
    async sleep(delayMs, stop) {
      await sleep(delayMs, undefined, stop === undefined ? {} : { signal: stop });
    },
  };
}

function openTransport({ config, env, timeouts, onUpstreamRequest }: CacheCoreOptions): Transport {
  return createTransport({
    env,
    connections: upstreamConnections,
    timeouts: { ...defaultTimeouts, ...timeouts },
    addressRule: createAddressRule(trustedHosts(config.registries, config.trustedHosts)),
    monotonicMs: () => performance.now(),
    onTiming({ request, durationMs }) {
      if (request?.part === 'head') onUpstreamRequest?.(request.host, durationMs);
    },
  });
}
