import { createAddressRule, type TlsAuthority } from '../src/network.ts';
import type { MirrorCore } from './mirror-core.ts';
import type { MirrorConfig } from './config/mirror-config.ts';
import { createNetworkCheck } from './config/networks.ts';
import type { CacheFacts, MirrorMetrics } from './observe/metrics.ts';
import type { RequestRecord } from './observe/request-record.ts';
import { statusReport } from './observe/status-report.ts';
import { createTotals } from './observe/totals.ts';
import type { Policy } from './packument/policy/policy.ts';
import { createHandOn } from './pass-through/hand-on.ts';
import {
  createPassThrough,
  defaultPassThroughTimeouts,
  type PassThroughTimeouts,
} from './pass-through/pass-through.ts';
import { createMirrorPolicy } from './policy/mirror-policy.ts';
import { createConnectProxy } from './proxy/connect-proxy.ts';
import { createForwardProxy } from './proxy/forward-proxy.ts';
import { listen, type ListenAddress } from './server/listen.ts';
import {
  type ConnectionLimits,
  createMirrorServer,
  defaultConnectionLimits,
} from './server/mirror-server.ts';
import { createRegistryAnswers } from './server/registry-answers.ts';
import { createRequestHandler } from './server/request-handler.ts';

export interface MirrorOptions {
  readonly config: MirrorConfig;
  readonly core: MirrorCore;
  readonly listen: { readonly http: ListenAddress; readonly tls: ListenAddress | null };
  /** For clients that believe to speak to the registries themselves; null without. */
  readonly authority: TlsAuthority | null;
  /** Whether the mirror opens tunnels to hosts that it does not mirror. */
  readonly tunnels: 'open' | 'closed';
  readonly policy: () => { readonly policy: Policy; readonly revision: string };
  readonly metrics: MirrorMetrics;
  readonly secret: Buffer;
  /** Told of every request when it is over. */
  readonly log: (record: RequestRecord) => void;
  readonly cacheFacts: () => CacheFacts;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly limits?: Partial<ServingLimits>;
}

/** How long things may take; milliseconds. */
export interface ServingLimits extends ConnectionLimits, PassThroughTimeouts {
  /** A client waits for the beginning of its answer. */
  readonly answerMs: number;
  /** To the other end of a tunnel. */
  readonly connectMs: number;
  readonly tunnelIdleMs: number;
  readonly forwardMs: number;
}

export interface RunningMirror extends AsyncDisposable {
  readonly http: ListenAddress;
  readonly tls: ListenAddress | null;
}

const defaultLimits: ServingLimits = {
  ...defaultConnectionLimits,
  ...defaultPassThroughTimeouts,
  // Yarn 1 gives up after 30 s.
  answerMs: 25_000,
  connectMs: 5_000,
  tunnelIdleMs: 10 * 60_000,
  forwardMs: 60_000,
};

/** Starts the servers of a mirror. Throws `port_in_use`, `privilege_missing` and `config_invalid`. */
export async function startMirror(options: MirrorOptions): Promise<RunningMirror> {
  const { config, core, metrics, nowMs, signal, tunnels } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const startedAtMs = nowMs();
  const totals = createTotals();
  const observe = (record: RequestRecord): void => {
    metrics.observe(record);
    totals.add(record);
    options.log(record);
  };
  const policy = createMirrorPolicy({ ...core, current: options.policy, nowMs, signal });
  const addressRule = createAddressRule(config.trustedHosts);
  const { registries } = core;
  const handOn = createHandOn();
  // The servers ask the handler, and the handler asks the servers of a connection.
  const late: { server: Awaited<ReturnType<typeof createMirrorServer>> | null } = { server: null };
  const server = await createMirrorServer({
    authority: options.authority,
    handle: createRequestHandler({
      requesters: {
        registries,
        isTrustedProxy: createNetworkCheck(config.trustedProxies),
        connectionOf: (request) =>
          late.server?.connectionOf(request) ?? { isEncrypted: false, proxyUser: null },
      },
      answerRegistry: createRegistryAnswers({ ...core, policy, nowMs, secret: options.secret }),
      passThrough: createPassThrough(handOn, limits),
      forward: createForwardProxy(handOn, { tunnels, addressRule, timeoutMs: limits.forwardMs }),
      observe,
      nowMs,
      answerTimeoutMs: limits.answerMs,
      signal,
    }),
    handleConnect: createConnectProxy({
      registries,
      tunnels,
      addressRule,
      terminate:
        options.authority === null
          ? null
          : (socket, facts) => late.server?.terminate(socket, facts),
      connectTimeoutMs: limits.connectMs,
      idleTimeoutMs: limits.tunnelIdleMs,
    }),
    limits,
    own: {
      health: () => ({ status: 'ok', startedAtMs }),
      status: async () =>
        statusReport({
          startedAtMs,
          nowMs: nowMs(),
          totals,
          origins: core.origins(),
          connections: await server.connections(),
          cache: options.cacheFacts(),
          registries: registries.all,
          authority: options.authority === null ? null : await options.authority.facts(),
        }),
      metrics: async () =>
        metrics.render({
          origins: core.origins(),
          connections: await server.connections(),
          cache: options.cacheFacts(),
        }),
    },
  });
  late.server = server;
  try {
    const http = await listen(server.http, options.listen.http);
    const tls =
      server.tls === null || options.listen.tls === null
        ? null
        : await listen(server.tls, options.listen.tls);
    return { http, tls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
