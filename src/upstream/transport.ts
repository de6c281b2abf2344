import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { type AddressRule, refusalOfLiteral } from './address-rule.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { createConnectionClock, type ResponseTiming } from './connection-clock.ts';
import { networkFailure } from './network-failure.ts';
import { proxySettings } from './proxy-settings.ts';
import { createTimedConnector, type OnTiming } from './timed-connector.ts';

export interface TransportOptions {
  /** Proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in upper or lower case. */
  readonly env: NodeJS.ProcessEnv;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Open at a time to one host, in each lane; more requests wait. */
  readonly connections: number;
  readonly timeouts: Timeouts;
  readonly onTiming: OnTiming;
  readonly monotonicMs: () => number;
  /**
   * Asked for every address before it is connected to. Of what goes through a proxy it is asked where a URL names an address;
   * what a name leads to is known to the proxy alone.
   */
  readonly addressRule?: AddressRule | undefined;
}

export interface Timeouts {
  readonly connectMs: number;
  /** From the request to the head of the answer. */
  readonly headersMs: number;
  /** Between two pieces of a body, while the caller is waiting for one. */
  readonly bodyIdleMs: number;
}

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly lane?: Lane | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Each lane has connections of its own, so that nobody waits for what is short behind what takes long; `short` as a rule. */
export type Lane = 'short' | 'long';

/** Read `body` to its end or call `discard`: until then the answer holds its connection. */
export interface TransportResponse {
  readonly status: number;
  readonly url: URL;
  /** What the time until the head went to. */
  readonly timing: ResponseTiming;
  /** The values of repeated headers are joined by a comma. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

/** Sends single requests: no redirects, no authentication, no repetition. */
export interface Transport extends AsyncDisposable {
  /** Throws an `AttemptFailure` when there is no answer; any status is one. */
  send(request: TransportRequest): Promise<TransportResponse>;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 5_000,
  headersMs: 15_000,
  bodyIdleMs: 15_000,
};

/** For the whole of a small body. */
const defaultBodyMs = 30_000;
const maxDiscardBytes = 64 * 1024;
const maxDiscardMs = 1_000;
const userAgent = 'ashlar';

export function createTransport(given: TransportOptions): Transport {
  const { timeouts, monotonicMs } = given;
  const clock = createConnectionClock();
  const onTiming: OnTiming = (timing) => {
    clock.book(timing);
    given.onTiming(timing);
  };
  const options = { ...given, onTiming };
  const lanes = { short: createDispatcher(options), long: createDispatcher(options) };
  return {
    async send({ method, url, headers, body, lane = 'short', signal }) {
      checkLiteral(given, url);
      const subject = `${method} ${url.host}${url.pathname}`;
      const startMs = monotonicMs();
      const explain = clock.begin(url.host);
      try {
        const response = await request(url, {
          dispatcher: lanes[lane],
          method,
          headers: {
            'user-agent': userAgent,
            'accept-encoding': 'identity',
            ...given.headers,
            ...headers,
          },
          body: body ?? null,
          signal: signal ?? null,
          headersTimeout: timeouts.headersMs,
          bodyTimeout: timeouts.bodyIdleMs,
        });
        const timing = explain(monotonicMs() - startMs);
        onTiming({
          kind: 'registry',
          request: { host: url.host, part: 'head' },
          subject,
          startMs,
          durationMs: timing.waitMs,
        });
        return responseOf(response, { url, signal, subject, options, timing });
      } catch (error) {
        throw failureOf(error, url, signal);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([lanes.short.destroy(), lanes.long.destroy()]);
    },
  };
}

/** A proxy may be where private addresses lead to something, and connects to whatever it is told. */
function checkLiteral({ addressRule }: TransportOptions, { hostname }: URL): void {
  const refused = addressRule === undefined ? null : refusalOfLiteral(addressRule, hostname);
  if (refused !== null) throw refused;
}

/**
 * A whole body that may not have more than `maxBytes`, nor take longer than `timeoutMs`, however it trickles in. Throws an
 * `AttemptFailure` of code `registry_corrupt` or, for a slow one, `registry_unavailable`; its connection is let go.
 */
export async function readBody(
  response: TransportResponse,
  maxBytes: number,
  { timeoutMs = defaultBodyMs }: { readonly timeoutMs?: number } = {},
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let seenBytes = 0;
  // A pause is bounded already: the time is looked at when something comes.
  const late = AbortSignal.timeout(timeoutMs);
  for await (const chunk of response.body) {
    if (late.aborted) {
      const problem = `${response.url.host} had not sent a whole answer after ${timeoutMs / 1000} s`;
      throw new AttemptFailure(problem, { code: 'registry_unavailable', isPassing: true });
    }
    seenBytes += chunk.length;
    if (seenBytes > maxBytes) {
      const problem = `${response.url.host} sent more than the limit of ${maxBytes} bytes`;
      throw new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: false });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function createDispatcher({ env, connections, timeouts, ...rest }: TransportOptions): Dispatcher {
  return new EnvHttpProxyAgent({
    ...proxySettings(env),
    proxyTunnel: false,
    proxyTls: { timeout: timeouts.connectMs },
    requestTls: { timeout: timeouts.connectMs },
    connections,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    connect: createTimedConnector({ ...rest, connectTimeoutMs: timeouts.connectMs }),
  });
}

interface ResponseContext {
  readonly url: URL;
  readonly signal: AbortSignal | undefined;
  readonly subject: string;
  readonly options: TransportOptions;
  readonly timing: ResponseTiming;
}

function responseOf(
  response: Dispatcher.ResponseData,
  context: ResponseContext,
): TransportResponse {
  return {
    status: response.statusCode,
    url: context.url,
    timing: context.timing,
    header(name) {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
    body: timedBody(response.body, context),
    async discard() {
      try {
        const signal = AbortSignal.timeout(maxDiscardMs);
        await response.body.dump({ limit: maxDiscardBytes, signal });
      } catch (error) {
        if (isTimeout(error)) return;
        // What is thrown away may break off; the connection is then not used again.
        if (networkFailure(error, context.url.host) === null) throw error;
      }
    },
  };
}

/** Books only the time that the reader waited for bytes, once at the end. */
async function* timedBody(
  body: AsyncIterable<Buffer>,
  { url, signal, subject, options }: ResponseContext,
): AsyncGenerator<Buffer, void, undefined> {
  const { monotonicMs, onTiming } = options;
  const startMs = monotonicMs();
  let waitedMs = 0;
  let askedMs = startMs;
  try {
    for await (const chunk of body) {
      waitedMs += monotonicMs() - askedMs;
      yield chunk;
      askedMs = monotonicMs();
    }
    waitedMs += monotonicMs() - askedMs;
  } catch (error) {
    throw failureOf(error, url, signal);
  } finally {
    const request = { host: url.host, part: 'body' } as const;
    onTiming({ kind: 'registry', request, subject, startMs, durationMs: waitedMs });
  }
}

/** What is thrown away may also come too slowly: its connection is then given up. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

function failureOf(error: unknown, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  return networkFailure(error, url.host) ?? error;
}
