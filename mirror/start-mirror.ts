import {
  type CacheFacts,
  type ConnectionLimits,
  createAddressRule,
  createFrontServer,
  createNetworkCheck,
  createTotals,
  defaultConnectionLimits,
  type FrontServer,
  type HandleConnect,
  type HandleRequest,
  listen,
  type ListenAddress,
  type MeasuredNow,
  type OwnPages,
  type ServedRequest,
  type ServingMetrics,
  type TlsAuthority,
  type Totals,
} from '../src/network.ts';
import type { MirrorConfig } from './config/mirror-config.ts';
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
  await using stack = new AsyncDisposableStack();
  const totals = createTotals(options.nowMs);
  // The servers ask the handler, and the handler asks the servers of a connection.
  const late: LateServer = { current: null };
  const own = ownPages(options, { totals, late });
  const serving = { ...options, limits: { ...defaultLimits, ...options.limits } };
  const server = stack.use(
    await createFrontServer({
      tls: options.authority === null ? null : { SNICallback: options.authority.sniCallback },
      handle: requestHandler(serving, { stack, totals, late }),
      handleConnect: connectHandler(serving, late),
      limits: serving.limits,
      own,
    }),
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

interface LateServer {
  current: FrontServer | null;
}

type Serving = MirrorOptions & { readonly limits: ServingLimits };

function requestHandler(
  options: Serving,
  { stack, totals, late }: { stack: AsyncDisposableStack; totals: Totals; late: LateServer },
): HandleRequest {
  const { config, core, metrics, nowMs, signal, tunnels, limits } = options;
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
        late.current?.connectionOf(request) ?? { isEncrypted: false, proxyUser: null },
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
  late: LateServer,
): HandleConnect {
  return createConnectProxy({
    registries: core.registries,
    tunnels,
    addressRule: createAddressRule(config.trustedHosts),
    terminate:
      authority === null ? null : (socket, facts) => late.current?.terminate(socket, facts),
    connectTimeoutMs: limits.connectMs,
    idleTimeoutMs: limits.tunnelIdleMs,
  });
}

function ownPages(
  { core, authority, metrics, cacheFacts, nowMs }: MirrorOptions,
  { totals, late }: { totals: Totals; late: LateServer },
): OwnPages {
  const startedAtMs = nowMs();
  const measured = async (): Promise<MeasuredNow> => ({
    origins: core.origins(),
    connections: (await late.current?.connections()) ?? 0,
    cache: cacheFacts(),
  });
  return {
    command: 'ashlar mirror status',
    health: () => ({ status: 'ok', startedAtMs }),
    status: async () =>
      statusReport({
        ...(await measured()),
        startedAtMs,
        nowMs: nowMs(),
        totals,
        registries: core.registries.all,
        authority: authority === null ? null : await authority.facts(),
      }),
    metrics: async () => metrics.render(await measured()),
  };
}
