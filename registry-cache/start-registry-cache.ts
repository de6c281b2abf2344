import type { TlsOptions } from 'node:tls';
import {
  type CacheFacts,
  type ConnectionLimits,
  createFrontServer,
  createNetworkCheck,
  createTotals,
  defaultConnectionLimits,
  type FrontServer,
  listen,
  type ListenAddress,
  type MeasuredNow,
  type OwnPages,
  type ServedRequest,
  type ServingMetrics,
  type Totals,
} from '../src/network.ts';
import type { CacheCore } from './cache-core.ts';
import { statusReport } from './observe/status-report.ts';
import { createCacheHandler } from './server/cache-handler.ts';

export interface RegistryCacheOptions {
  readonly core: CacheCore;
  readonly listen: { readonly http: ListenAddress; readonly tls: ListenAddress | null };
  /** Null for plain HTTP alone. */
  readonly certificate: Pick<TlsOptions, 'cert' | 'key'> | null;
  readonly metrics: ServingMetrics;
  readonly secret: Buffer;
  /** Told of every request when it is over. */
  readonly log: (record: ServedRequest) => void;
  readonly cacheFacts: () => CacheFacts;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly limits?: Partial<ServingLimits>;
}

/** How long things may take; milliseconds. */
export interface ServingLimits extends ConnectionLimits {
  /** A client waits for the beginning of its answer. */
  readonly answerMs: number;
}

export interface RunningCache extends AsyncDisposable {
  readonly http: ListenAddress;
  readonly tls: ListenAddress | null;
}

const defaultLimits: ServingLimits = {
  ...defaultConnectionLimits,
  // containerd waits 30 s for a connection, and as long for the head of an answer.
  answerMs: 28_000,
};

/** Starts the servers of a registry cache. Throws `port_in_use`, `privilege_missing` and `config_invalid`. */
export async function startRegistryCache(options: RegistryCacheOptions): Promise<RunningCache> {
  await using stack = new AsyncDisposableStack();
  const { core, nowMs, signal, metrics, secret, certificate } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const totals = createTotals(nowMs);
  // The pages tell of the connections, and the server has the pages.
  const late: { current: FrontServer | null } = { current: null };
  const handle = createCacheHandler({
    core,
    secret,
    isTrustedProxy: createNetworkCheck(core.config.trustedProxies),
    observe(record) {
      metrics.observe(record);
      totals.add(record);
      options.log(record);
    },
    nowMs,
    answerTimeoutMs: limits.answerMs,
    signal,
  });
  const own = ownPages(options, { totals, connections: async () => late.current?.connections() });
  const server = stack.use(
    await createFrontServer({ handle, handleConnect: null, own, tls: certificate, limits }),
  );
  late.current = server;
  const http = await listen(server.http, options.listen.http);
  const tls =
    server.tls === null || options.listen.tls === null
      ? null
      : await listen(server.tls, options.listen.tls);
  const owned = stack.move();
  return { http, tls, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function ownPages(
  { core, metrics, cacheFacts, nowMs }: RegistryCacheOptions,
  {
    totals,
    connections,
  }: { readonly totals: Totals; readonly connections: () => Promise<number | undefined> },
): OwnPages {
  const startedAtMs = nowMs();
  const measured = async (): Promise<MeasuredNow> => ({
    origins: core.states().flatMap(({ origins }) => origins),
    connections: (await connections()) ?? 0,
    cache: cacheFacts(),
  });
  return {
    command: 'ashlar registry-cache status',
    // Who asks learns which names may come first in a path; a request for any other says them as well.
    health: () => ({ status: 'ok', startedAtMs, registries: [...core.config.byHost.keys()] }),
    status: async () =>
      statusReport({
        ...(await measured()),
        startedAtMs,
        nowMs: nowMs(),
        totals,
        registries: core.config.registries,
        states: core.states(),
        limits: core.limits,
      }),
    metrics: async () => metrics.render(await measured()),
  };
}
