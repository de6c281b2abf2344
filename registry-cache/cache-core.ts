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
import { type CacheContext, type CacheSettings, defaultPatience } from './cache-context.ts';
import type { CacheConfig } from './config/cache-config.ts';
import type { CachedRegistry } from './config/cached-registry.ts';
import { createReferrers, type Referrers, type Subject } from './lists/referrers.ts';
import { createTagLists, type Listed, type TagList } from './lists/tag-lists.ts';
import { createManifests, type Manifests } from './manifests/manifests.ts';
import { createTags, type TagName, type TagRecord } from './manifests/tags.ts';
import { createLinks } from './store/links.ts';
import { tellingOfProblems } from './upstream/operator-credentials.ts';
import { createRateLimits, type RateLimits } from './upstream/rate-limits.ts';
import { createRegistrySources, type RegistryState } from './upstream/registry-source.ts';

/** A registry cache without its servers. */
export interface CacheCore extends AsyncDisposable {
  readonly config: CacheConfig;
  readonly cache: ObjectCache;
  readonly manifests: Manifests;
  readonly tags: Refreshed<TagName, TagRecord>;
  readonly tagLists: Refreshed<Listed, TagList>;
  readonly referrers: Refreshed<Subject, Referrers>;
  readonly blobs: Blobs;
  readonly rateLimits: RateLimits;
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

/** Manifests and configurations of some thousand images. */
const defaultHotBytes = 64 * 1024 ** 2;
/** To one host, for layers and for all else: layers of an image come side by side, of several images too. */
const upstreamConnections = 32;
/** What has arrived when the cache ends is still stored; nobody waits longer for what has not. */
const storeTimeoutMs = 5_000;
/** The same problem is told of no more often. */
const reportPeriodMs = 60_000;
/** A stalled layer goes on by Range from another connection long before a client gives up on it. */
const defaultTimeouts: Timeouts = { connectMs: 5_000, headersMs: 10_000, bodyIdleMs: 3_000 };
/** Waits 3 to 6 s in all: registries limit and fail for seconds at a time. */
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
  const { config } = options;
  const transport = openTransport(options);
  const rateLimits = createRateLimits(options.nowMs ?? Date.now);
  const context = openContext(options, { transport, rateLimits });
  const links = createLinks(context);
  const grants = createGrants(context);
  const manifests = createManifests({ context, grants, links });
  const limits = { ...defaultTransferLimits, ...layerLimits, ...options.limits };
  const blobs = createBlobs({ context, grants, links, limits });
  const tags = createTags({ context, grants, manifests });
  const tagLists = createTagLists(context, grants);
  const referrers = createReferrers({ context, grants, manifests });
  const parts = [blobs, tags, tagLists, referrers];
  return {
    config,
    cache: context.cache,
    manifests,
    tags,
    tagLists,
    referrers,
    blobs,
    rateLimits,
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

/** What is there on this machine for fetching and keeping. */
function openContext(
  options: CacheCoreOptions,
  { transport, rateLimits }: { readonly transport: Transport; readonly rateLimits: RateLimits },
): CacheContext {
  const { registries, maxStaleMs, grantMs, staleGrantMs } = options.config;
  const waiting = realWaiting(options.nowMs ?? Date.now);
  const { nowMs } = waiting;
  const onProblem = seldom(options.onProblem ?? (() => {}), { periodMs: reportPeriodMs, nowMs });
  const retry = { ...defaultRetry, ...options.retry };
  const credentials = tellingOfProblems(options.credentials, onProblem);
  return {
    cache: createObjectCache({
      objects: options.objects,
      hotBytes: options.hotBytes ?? defaultHotBytes,
      usage: options.usage,
      onProblem,
      nowMs,
    }),
    sources: createRegistrySources({
      registries,
      transport,
      retry,
      waiting,
      rateLimits,
      credentials,
    }),
    claims: claimsOrAlone(options.claims, onProblem),
    waiting,
    retry,
    spool: options.spool,
    settings: { ...defaultPatience, maxStaleMs, grantMs, staleGrantMs, ...options.settings },
    onNotKept: options.onNotKept ?? (() => {}),
    signal: options.signal,
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
    addressRule: createAddressRule(privateHosts(config)),
    monotonicMs: () => performance.now(),
    onTiming({ request, durationMs }) {
      if (request?.part === 'head') onUpstreamRequest?.(request.host, durationMs);
    },
  });
}

/** Hosts that may be reached although their addresses are private: those of the endpoints, and what the operator trusts. */
function privateHosts({ registries, trustedHosts }: CacheConfig): readonly string[] {
  const own = registries.flatMap(({ endpoints }) => endpoints.map(({ hostname }) => hostname));
  return [...own, ...trustedHosts];
}
