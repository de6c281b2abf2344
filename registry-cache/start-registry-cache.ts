import type { TlsOptions } from 'node:tls';
import {
  type CacheFacts,
  type ConnectionLimits,
  createNetworkCheck,
  createTotals,
  defaultConnectionLimits,
  type ListenAddress,
  measuredPages,
  type OwnPages,
  type RunningServer,
  type ServedRequest,
  type ServerGround,
  type ServingMetrics,
  startServer,
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

const defaultLimits: ServingLimits = {
  ...defaultConnectionLimits,
  // containerd waits 30 s for a connection, and as long for the head of an answer.
  answerMs: 28_000,
};

/** Starts the servers of a registry cache. Throws `port_in_use`, `privilege_missing` and `config_invalid`. */
export async function startRegistryCache(options: RegistryCacheOptions): Promise<RunningServer> {
  const { core, nowMs, signal, metrics, secret, certificate } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const totals = createTotals(nowMs);
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
  return startServer(options.listen, (ground) => ({
    handle,
    handleConnect: null,
    own: ownPages({ ...options, totals }, ground),
    tls: certificate,
    limits,
  }));
}

function ownPages(
  options: RegistryCacheOptions & { readonly totals: Totals },
  { server }: ServerGround,
): OwnPages {
  const { core } = options;
  return measuredPages({
    ...options,
    command: 'ashlar registry-cache status',
    server,
    origins: () => core.states().flatMap(({ origins }) => origins),
    // Who asks learns which names may come first in a path; a request for any other says them as well.
    health: { registries: [...core.config.byHost.keys()] },
    status: async (facts) =>
      statusReport({
        ...facts,
        registries: core.config.registries,
        states: core.states(),
        rateLimits: core.rateLimits,
      }),
  });
}
