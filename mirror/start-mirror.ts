import {
  type CacheFacts,
  type ConnectionLimits,
  createAddressRule,
  createNetworkCheck,
  createTotals,
  defaultConnectionLimits,
  type HandleConnect,
  type HandleRequest,
  type ListenAddress,
  measuredPages,
  type OwnPages,
  type RunningServer,
  type ServedRequest,
  type ServerGround,
  type ServingMetrics,
  startServer,
  type TlsAuthority,
  type Totals,
} from '../src/network.ts';
import { type MirrorConfig, mirroredNames } from './config/mirror-config.ts';
import type { MirrorCore } from './mirror-core.ts';
import { statusReport } from './observe/status-report.ts';
import type { Policy } from './packument/policy/policy.ts';
import { createHandOn } from './pass-through/hand-on.ts';
import {
  createPassThrough,
  defaultPassThroughTimeouts,
  type PassThroughTimeouts,
} from './pass-through/pass-through.ts';
import { createUpstreamAgents } from './pass-through/upstream-agents.ts';
import { createMirrorPolicy } from './policy/mirror-policy.ts';
import { createConnectProxy } from './proxy/connect-proxy.ts';
import { createForwardProxy } from './proxy/forward-proxy.ts';
import { createRegistryAnswers } from './server/registry-answers.ts';
import { createMirrorHandler } from './server/request-handler.ts';
import { certificatesIn } from './trust/pem-certificates.ts';

export interface MirrorOptions {
  readonly config: MirrorConfig;
  readonly core: MirrorCore;
  readonly listen: { readonly http: ListenAddress; readonly tls: ListenAddress | null };
  /** For clients that believe to speak to the registries themselves; null without. */
  readonly authority: TlsAuthority | null;
  /** Whether the mirror opens tunnels to hosts that it does not mirror. */
  readonly tunnels: 'open' | 'closed';
  readonly policy: () => { readonly policy: Policy; readonly revision: string };
  readonly metrics: ServingMetrics;
  readonly secret: Buffer;
  /** For proxies, through which requests are handed on. */
  readonly env: NodeJS.ProcessEnv;
  /** Told of every request when it is over. */
  readonly log: (record: ServedRequest) => void;
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
export async function startMirror(options: MirrorOptions): Promise<RunningServer> {
  const { authority } = options;
  const serving: Serving = {
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    totals: createTotals(options.nowMs),
  };
  return startServer(options.listen, (ground) => ({
    tls: authority === null ? null : { SNICallback: authority.sniCallback },
    handle: requestHandler(serving, ground),
    handleConnect: connectHandler(serving, ground),
    limits: serving.limits,
    own: ownPages(serving, ground),
  }));
}

interface Serving extends MirrorOptions {
  readonly limits: ServingLimits;
  readonly totals: Totals;
}

function requestHandler(options: Serving, { stack, server }: ServerGround): HandleRequest {
  const { config, core, metrics, totals, nowMs, signal, tunnels, limits } = options;
  const policy = createMirrorPolicy({ ...core, current: options.policy, nowMs, signal });
  const handOn = createHandOn(core.loopMark);
  const forwardProxy = stack.use(
    createForwardProxy({
      handOn,
      tunnels,
      addressRule: createAddressRule(config.trustedHosts),
      idleMs: limits.forwardMs,
      wholeMs: limits.wholeMs,
    }),
  );
  return createMirrorHandler({
    requesters: {
      registries: core.registries,
      isTrustedProxy: createNetworkCheck(config.trustedProxies),
      connectionOf: (request) =>
        server()?.connectionOf(request) ?? { isEncrypted: false, proxyUser: null },
    },
    answerRegistry: createRegistryAnswers({ ...core, policy, nowMs, secret: options.secret }),
    passThrough: createPassThrough({
      handOn,
      agents: stack.use(createUpstreamAgents(options.env)),
      timeouts: limits,
      onChange: core.changes.mark,
    }),
    forward: forwardProxy.forward,
    loopMark: core.loopMark,
    observe(record) {
      metrics.observe(record);
      totals.add(record);
      options.log(record);
    },
    nowMs,
    answerTimeoutMs: limits.answerMs,
    signal,
  });
}

function connectHandler(
  { config, core, tunnels, authority, limits }: Serving,
  { server }: ServerGround,
): HandleConnect {
  return createConnectProxy({
    registries: core.registries,
    tunnels,
    addressRule: createAddressRule(config.trustedHosts),
    terminate: authority === null ? null : (socket, facts) => server()?.terminate(socket, facts),
    connectTimeoutMs: limits.connectMs,
    idleTimeoutMs: limits.tunnelIdleMs,
  });
}

function ownPages(options: Serving, { server }: ServerGround): OwnPages {
  const { config, core, authority } = options;
  const pages = measuredPages({
    ...options,
    command: 'ashlar mirror status',
    server,
    origins: core.origins,
    status: async (facts) =>
      statusReport({
        ...facts,
        registries: core.registries.all,
        authority: authority === null ? null : await authority.facts(),
      }),
  });
  return {
    ...pages,
    // What builds need to be led here.
    health: async () => ({
      ...(await pages.health()),
      hosts: mirroredNames(config),
      certificates: authority === null ? [] : certificatesIn(await authority.caBundlePem()),
    }),
  };
}
