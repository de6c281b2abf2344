import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { createNetworkCheck, privateNetworks } from '../../src/network.ts';
import { createAnswerQuery, type DnsQueryEvent } from './answer-queries.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import { mirroredNames } from './mirrored-answer.ts';
import { othersThan, type ResolverAddress } from './resolver-address.ts';
import { serveTcp } from './serve-tcp.ts';
import { type DnsListener, serveUdp } from './serve-udp.ts';

export interface DnsResponderOptions {
  /** One address, and one port for UDP and TCP; 0 for any that is free in both. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The names that are the mirror's, with the addresses at which machines reach it. */
  readonly answers: ReadonlyMap<string, readonly string[]>;
  /**
   * Who is asked for all other names, as `systemResolvers` gives them; the responder itself is left out. With none, those
   * names are refused.
   */
  readonly forwardTo: readonly ResolverAddress[];
  /** Networks whose machines are answered, as `10.0.0.0/8`; `privateNetworks` when left out. */
  readonly allowFrom?: readonly string[];
  readonly observe?: (event: DnsQueryEvent) => void;
  /** Told of what goes wrong with the sockets while it runs. */
  readonly onProblem?: (error: Error) => void;
  readonly limits?: Partial<DnsLimits>;
  readonly nowMs?: () => number;
}

export interface DnsLimits {
  /** How long clients keep what is answered here. */
  readonly ttlSeconds: number;
  readonly attemptTimeoutMs: number;
  /** The C library's resolver waits for 5 s. */
  readonly totalTimeoutMs: number;
  /** Questions to resolvers under way; clients that ask for more get SERVFAIL at once. */
  readonly maxOpenQueries: number;
  readonly maxTcpConnections: number;
  readonly tcpIdleTimeoutMs: number;
}

export interface DnsResponder extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

const defaultLimits: DnsLimits = {
  ttlSeconds: 60,
  attemptTimeoutMs: 1500,
  totalTimeoutMs: 4500,
  maxOpenQueries: 512,
  maxTcpConnections: 128,
  tcpIdleTimeoutMs: 10_000,
};

/**
 * Answers DNS queries: for the mirror's names with the mirror's addresses, for all others with what resolvers say. Each
 * query gets its reply or, when no resolver has one in time, SERVFAIL; nothing that comes over the network ends it.
 * Machines outside the allowed networks hear nothing. Disposing ends all that is open, and may be repeated. Throws `port_in_use`,
 * `privilege_missing` and `config_invalid`.
 */
export async function createDnsResponder(options: DnsResponderOptions): Promise<DnsResponder> {
  const limits = { ...defaultLimits, ...options.limits };
  const ending = new AbortController();
  const { tcp, udp } = await listen(options.listen, {
    answer: createAnswerQuery({
      names: mirroredNames(options.answers),
      ttlSeconds: limits.ttlSeconds,
      forwarder: forwarderFor(options, limits, ending.signal),
      observe: options.observe ?? (() => {}),
    }),
    isClient: createNetworkCheck(options.allowFrom ?? privateNetworks),
    onProblem: options.onProblem ?? (() => {}),
    maxConnections: limits.maxTcpConnections,
    idleTimeoutMs: limits.tcpIdleTimeoutMs,
  });
  let closed: Promise<unknown> | undefined;
  return {
    host: options.listen.host,
    port: tcp.port,
    async [Symbol.asyncDispose]() {
      ending.abort(new AshlarError('interrupted', 'the DNS responder was closed'));
      closed ??= Promise.all([tcp.close(), udp.close()]);
      await closed;
    },
  };
}

function forwarderFor(
  options: DnsResponderOptions,
  limits: DnsLimits,
  signal: AbortSignal,
): Forwarder | null {
  const resolvers = othersThan(options.listen, options.forwardTo);
  if (resolvers.length === 0) return null;
  return createForwarder({
    resolvers,
    attemptTimeoutMs: limits.attemptTimeoutMs,
    totalTimeoutMs: limits.totalTimeoutMs,
    maxOpen: limits.maxOpenQueries,
    signal,
    nowMs: options.nowMs ?? Date.now,
  });
}

type ListenOptions = Omit<Parameters<typeof serveTcp>[0], 'host' | 'port'>;

interface Listeners {
  readonly tcp: DnsListener;
  readonly udp: DnsListener;
}

const portAttempts = 10;

/** The port that TCP gets may be taken for UDP by somebody else; with port 0, another is as good. */
async function listen(
  { host, port }: DnsResponderOptions['listen'],
  options: ListenOptions,
): Promise<Listeners> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const tcp = await serveTcp({ ...options, host, port });
      try {
        return { tcp, udp: await serveUdp({ ...options, host, port: tcp.port }) };
      } catch (error) {
        await tcp.close();
        throw error;
      }
    } catch (error) {
      const isTaken = systemErrorCode(error) === 'EADDRINUSE';
      if (!isTaken || port !== 0 || attempt === portAttempts)
        throw nameListenFailure(error, `${host} port ${port}`);
    }
  }
}

function nameListenFailure(error: unknown, place: string): unknown {
  const failure = (
    code: 'port_in_use' | 'privilege_missing' | 'config_invalid',
    what: string,
    hint: string,
  ) =>
    new AshlarError(code, `DNS cannot listen at ${place}: ${what}`, {
      data: { place },
      hint,
      cause: error,
    });
  switch (systemErrorCode(error)) {
    case 'EADDRINUSE':
      return failure(
        'port_in_use',
        'something else listens there',
        'Name one address of this machine that is free, such as with systemd-resolved on 127.0.0.53, or another port.',
      );
    case 'EACCES':
      return failure(
        'privilege_missing',
        'this user may not',
        'Run as root, with the capability net_bind_service, or with a port above 1023.',
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return failure(
        'config_invalid',
        'this machine has no such address',
        'Name an address of this machine.',
      );
    default:
      return error;
  }
}
