import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AshlarError, createLimiter, type ObjectStore } from '../src/index.ts';
import {
  claimsOrAlone,
  createAddressRule,
  createObjectCache,
  createTransport,
  createUpstream,
  defaultHealthPolicy,
  defaultTransferLimits,
  type HostClaims,
  type ObjectCache,
  type ObjectUsage,
  type OriginState,
  type RetryPolicy,
  seldom,
  type SpoolPlace,
  type Timeouts,
  type TransferLimits,
  type Upstream,
  type Waiting,
} from '../src/network.ts';
import { isSealed } from './cache/cache-paths.ts';
import type { MirrorConfig } from './config/mirror-config.ts';
import { createIndexes, type Indexes } from './documents/indexes.ts';
import { createPackageChanges, type PackageChanges } from './documents/package-changes.ts';
import { createPackumentVariants, type PackumentVariants } from './documents/packument-variants.ts';
import { createPackuments, type Packuments } from './documents/packuments.ts';
import { createSmallDocuments, type SmallDocuments } from './documents/small-documents.ts';
import { createWithdrawals } from './documents/withdrawals.ts';
import { defaultFetchSettings, type FetchContext, type FetchSettings } from './fetch-context.ts';
import { createRegistries, type Registries, type Registry } from './registries/registry.ts';
import { createStatedTarballs, type StatedTarballs } from './tarballs/stated-tarball.ts';
import { createTarballs, type Tarballs } from './tarballs/tarballs.ts';
import { createLoopMark, type LoopMark } from './upstream/loop-mark.ts';

/** Everything of a mirror but its servers: what is kept, and how it is fetched. */
export interface MirrorCore extends AsyncDisposable {
  readonly registries: Registries;
  readonly cache: ObjectCache;
  readonly packuments: Packuments;
  readonly indexes: Indexes;
  readonly variants: PackumentVariants;
  readonly tarballs: Tarballs;
  readonly stated: StatedTarballs;
  readonly documents: SmallDocuments;
  readonly settings: FetchSettings;
  readonly changes: PackageChanges;
  /** What is sent upstream has it. */
  readonly loopMark: LoopMark;
  origins(): readonly OriginState[];
}

export interface MirrorCoreOptions {
  readonly config: MirrorConfig;
  readonly objects: ObjectStore;
  readonly usage: ObjectUsage;
  readonly claims: HostClaims;
  readonly spool: SpoolPlace;
  /** For proxies. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onUpstreamRequest?: (host: string, durationMs: number) => void;
  readonly onNotKept?: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine while what clients ask for is served all the same; of each kind once a minute. */
  readonly onProblem?: (problem: AshlarError) => void;
  readonly limits?: Partial<TransferLimits>;
  readonly hotBytes?: number;
  readonly settings?: Partial<FetchSettings>;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** To one host, for tarballs and for all else; more requests wait. What 200 machines ask for at once comes over these. */
const upstreamConnections = 48;
const defaultTimeouts: Timeouts = { connectMs: 5_000, headersMs: 10_000, bodyIdleMs: 5_000 };
/** What has arrived when the mirror ends is still stored; nobody waits longer for what has not. */
const storeTimeoutMs = 3_000;
const defaultHotBytes = 64 * 1024 ** 2;
/** What is wrong with a disk shows with every request. */
const reportPeriodMs = 60_000;
/** Compressing takes a processor each. */
const heavyPlaces = 2;

/** Registries fail for seconds at a time, and a client waits for half a minute. */
const defaultRetry: RetryPolicy = {
  attempts: 12,
  baseDelayMs: 100,
  maxDelayMs: 2_000,
  maxRetryAfterMs: 10_000,
};

export function createMirrorCore(options: MirrorCoreOptions): MirrorCore {
  const { config, signal } = options;
  const waiting: Waiting = {
    nowMs: options.nowMs ?? Date.now,
    sleep: async (delayMs, stop) => {
      await sleep(delayMs, undefined, stop === undefined ? {} : { signal: stop });
    },
    random: Math.random,
  };
  const retry = { ...defaultRetry, ...options.retry };
  const loopMark = createLoopMark(randomBytes(8).toString('hex'));
  const upstreams = openUpstreams(options, { waiting, retry, loopMark });
  const context = { ...fetchContext(options, waiting), upstreamOf: upstreams.of, retry };
  const packuments = createPackuments(context);
  const indexes = createIndexes(context);
  const stated = createStatedTarballs({ packuments, indexes, signal });
  const documents = createSmallDocuments(context);
  const tarballs = createTarballs({
    context,
    stated,
    limits: { ...defaultTransferLimits, ...options.limits },
    onNotKept: ({ name, file }, error) => options.onNotKept?.(`${name}: ${file}`, error),
  });
  return {
    registries: createRegistries(config.registries, config.scopes),
    cache: context.cache,
    packuments,
    indexes,
    stated,
    variants: createPackumentVariants(context, indexes),
    tarballs,
    documents,
    settings: context.settings,
    changes: context.changes,
    loopMark,
    origins: upstreams.states,
    async [Symbol.asyncDispose]() {
      const settled = Promise.all([tarballs, packuments, documents].map((each) => each.settled()));
      await Promise.race([settled, sleep(storeTimeoutMs, undefined, { ref: false })]);
      await upstreams.close();
    },
  };
}

/** What is there on this machine for fetching. */
function fetchContext(
  options: MirrorCoreOptions,
  waiting: Waiting,
): Omit<FetchContext, 'upstreamOf' | 'retry'> {
  const { maxAgeMs, maxStaleMs } = options.config;
  const { nowMs } = waiting;
  const onProblem = seldom(options.onProblem ?? (() => {}), { periodMs: reportPeriodMs, nowMs });
  return {
    cache: createObjectCache({
      objects: options.objects,
      hotBytes: options.hotBytes ?? defaultHotBytes,
      usage: options.usage,
      isSealed,
      onProblem,
      nowMs,
    }),
    claims: claimsOrAlone(options.claims, onProblem),
    waiting,
    changes: createPackageChanges(nowMs),
    withdrawals: createWithdrawals(nowMs),
    spool: options.spool,
    heavyWork: createLimiter(heavyPlaces),
    settings: { ...defaultFetchSettings, maxAgeMs, maxStaleMs, ...options.settings },
    signal: options.signal,
  };
}

interface Upstreams {
  of(registry: Registry): Upstream;
  states(): readonly OriginState[];
  close(): Promise<void>;
}

function openUpstreams(
  { config, env, onUpstreamRequest, timeouts }: MirrorCoreOptions,
  {
    waiting,
    retry,
    loopMark,
  }: { readonly waiting: Waiting; readonly retry: RetryPolicy; readonly loopMark: LoopMark },
): Upstreams {
  const own = config.registries.flatMap(({ upstreams }) => upstreams);
  const transport = createTransport({
    env,
    headers: loopMark.headers(),
    connections: upstreamConnections,
    timeouts: { ...defaultTimeouts, ...timeouts },
    addressRule: createAddressRule([
      ...own.map(({ hostname }) => hostname),
      ...config.trustedHosts,
    ]),
    monotonicMs: () => performance.now(),
    onTiming({ request, durationMs }) {
      if (request?.part === 'head') onUpstreamRequest?.(request.host, durationMs);
    },
  });
  const byName = new Map(
    config.registries.map(({ name, upstreams: origins }) => [
      name,
      createUpstream({ origins, transport, retry, health: defaultHealthPolicy, waiting }),
    ]),
  );
  return {
    of({ name }) {
      const upstream = byName.get(name);
      if (upstream === undefined) throw new TypeError(`no registry ${name}`);
      return upstream;
    },
    states: () => [...byName.values()].flatMap((upstream) => upstream.states()),
    close: async () => {
      await transport[Symbol.asyncDispose]();
    },
  };
}
