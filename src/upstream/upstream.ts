import { AshlarError } from '../errors/ashlar-error.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { sendFollowing } from './follow-redirects.ts';
import {
  createOriginHealth,
  type HealthPolicy,
  type HealthState,
  type OriginHealth,
} from './origin-health.ts';
import { parseRetryAfter, retryDelayMs, type RetryPolicy, type Waiting } from './retry.ts';
import { type OriginAuthorizer, sendAuthorized } from './send-authorized.ts';
import type { Lane, Transport, TransportResponse } from './transport.ts';

export interface UpstreamOptions {
  /** Where the same resources are to be had, in the order of preference; a path is put before what is asked for. */
  readonly origins: readonly URL[];
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  readonly health: HealthPolicy;
  readonly waiting: Waiting;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** A path with its query, from `/` on, asked of each origin in turn; or a whole address, asked of that host alone. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin, and not to where it redirects; or who knows what each origin wants. */
  readonly authorization?: string | null | OriginAuthorizer;
  readonly body?: string | Uint8Array;
  /** `long` for what may take minutes. */
  readonly lane?: Lane;
  /** Time for all attempts together until an answer's head has come. */
  readonly timeoutMs: number;
  /** Fewer than the policy has. */
  readonly attempts?: number;
  /** Which of the origins is asked first, counted from 0 and over again: another one than gave wrong bytes. */
  readonly turn?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and how it was come by. */
export interface UpstreamResponse extends TransportResponse {
  /** Requests that were sent for it, this one included. */
  readonly attempts: number;
  /** What the earlier attempts and the waiting between them took. */
  readonly retriedMs: number;
}

export interface OriginState extends HealthState {
  readonly origin: string;
}

/** A source of resources outside that may be slow, limiting or down. */
export interface Upstream {
  /**
   * Asks until there is a definite answer: any status but 408, 425, 429 and 5xx (508 is one). Failures that pass are repeated, at
   * another origin where there is one, with growing pauses and no earlier than Retry-After says. Throws
   * `registry_unavailable`, `registry_rate_limited` or `address_refused`, or the signal's reason.
   */
  send(request: UpstreamRequest): Promise<UpstreamResponse>;
  states(): readonly OriginState[];
}

interface Origin {
  readonly url: URL;
  readonly health: OriginHealth;
}

const maxForeignOrigins = 64;

export function createUpstream(options: UpstreamOptions): Upstream {
  const makeOrigin = (url: URL): Origin => ({
    url,
    health: createOriginHealth(options.health, options.waiting),
  });
  const origins = options.origins.map((url) => makeOrigin(url));
  const foreign = new Map<string, Origin>();
  const originsOf = (target: string | URL): readonly Origin[] => {
    if (typeof target === 'string') return origins;
    const own = origins.find(({ url }) => url.origin === target.origin);
    if (own !== undefined) return [own];
    const made = foreign.get(target.origin) ?? makeOrigin(new URL(target.origin));
    foreign.delete(target.origin);
    foreign.set(target.origin, made);
    const [oldest] = foreign.keys();
    if (foreign.size > maxForeignOrigins && oldest !== undefined) foreign.delete(oldest);
    return [made];
  };
  return {
    send: (request) => sendUntilDefinite(options, originsOf(request.target), request),
    states: () =>
      [...origins, ...foreign.values()].map(({ url, health }) => ({
        origin: url.origin,
        ...health.state(),
      })),
  };
}

async function sendUntilDefinite(
  options: UpstreamOptions,
  origins: readonly Origin[],
  request: UpstreamRequest,
): Promise<UpstreamResponse> {
  const { waiting, retry } = options;
  const beganMs = waiting.nowMs();
  using timeout = startTimeout(request.timeoutMs);
  const signal =
    request.signal === undefined
      ? timeout.signal
      : AbortSignal.any([request.signal, timeout.signal]);
  const policy = { ...retry, attempts: request.attempts ?? retry.attempts };
  let last: AttemptFailure | undefined;
  let attempts = 0;
  try {
    for (;;) {
      const origin = choose(origins, attempts + (request.turn ?? 0), waiting.nowMs());
      await origin.health.enter(signal);
      const sentMs = waiting.nowMs();
      const answer = await attempt(options, origin, { ...request, signal });
      attempts += 1;
      if (!(answer instanceof AttemptFailure))
        return Object.assign(answer, { attempts, retriedMs: sentMs - beganMs });
      last = answer;
      if (!answer.facts.isPassing || attempts >= policy.attempts) throw gaveUp(answer, attempts);
      const isElsewhere = attempts % origins.length !== 0;
      const delayMs = retryDelayMs(
        Math.ceil(attempts / origins.length),
        { policy, waiting },
        answer.facts.retryAfterMs ?? null,
      );
      if (!isElsewhere) await waiting.sleep(delayMs, signal);
    }
  } catch (error) {
    if (!timeout.signal.aborted || request.signal?.aborted === true) throw error;
    throw ranOut(request, { last, attempts, origins });
  }
}

/** Ends when it is disposed: a body may then take its time. */
function startTimeout(timeoutMs: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** In turn, but one that may be asked now goes before one that rests. */
function choose(origins: readonly Origin[], attempts: number, nowMs: number): Origin {
  const turned = origins.map((_, index) => origins[(index + attempts) % origins.length]);
  const ready = turned.find((origin) => origin !== undefined && origin.health.readyAtMs() <= nowMs);
  const chosen =
    ready ??
    turned.reduce((best, origin) =>
      (origin?.health.readyAtMs() ?? 0) < (best?.health.readyAtMs() ?? 0) ? origin : best,
    );
  if (chosen === undefined) throw new AshlarError('internal', 'an upstream without an origin');
  return chosen;
}

async function attempt(
  { transport, waiting }: UpstreamOptions,
  { url, health }: Origin,
  request: UpstreamRequest,
): Promise<TransportResponse | AttemptFailure> {
  let isElsewhere = false;
  const failed = (failure: AttemptFailure): AttemptFailure => {
    // An origin that sends on to a place that cannot be had has answered all the same, and so has one that wants a login.
    if (isElsewhere || failure.facts.code === 'registry_auth_required') health.succeeded();
    else health.failed(failure);
    return failure;
  };
  try {
    const response = await sendAuthorized(request.authorization ?? null, {
      origin: url,
      signal: request.signal,
      send: (authorization) =>
        sendFollowing(transport, {
          method: request.method,
          url: typeof request.target === 'string' ? below(url, request.target) : request.target,
          headers: request.headers ?? {},
          authorization,
          ...(request.body === undefined ? {} : { body: request.body }),
          lane: request.lane,
          signal: request.signal,
          onRedirect: () => (isElsewhere = true),
        }),
      isOwnAnswer: () => !isElsewhere,
    });
    if (!isPassing(response.status)) {
      health.succeeded();
      return response;
    }
    await response.discard();
    return failed(failureOf(response, waiting.nowMs()));
  } catch (error) {
    if (error instanceof AttemptFailure) return failed(error);
    health.abandoned();
    throw error;
  }
}

/** A registry may lie below a path; a base without a final slash counts as a folder too. */
function below(base: URL, path: string): URL {
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}${path}`);
}

/** A loop (508) does not end by itself. */
function isPassing(status: number): boolean {
  return [408, 425, 429].includes(status) || (status >= 500 && status !== 508);
}

function failureOf(response: TransportResponse, nowMs: number): AttemptFailure {
  const { status, url } = response;
  const isLimit = status === 429;
  return new AttemptFailure(`${url.host} answered ${status}`, {
    code: isLimit ? 'registry_rate_limited' : 'registry_unavailable',
    isPassing: true,
    status,
    retryAfterMs: parseRetryAfter(response.header('retry-after'), nowMs),
  });
}

function gaveUp(failure: AttemptFailure, attempts: number): AshlarError {
  const tried = attempts === 1 ? '' : `; asked ${attempts} times`;
  const { status, retryAfterMs } = failure.facts;
  return new AshlarError(failure.facts.code, `${failure.message}${tried}`, {
    cause: failure,
    data: {
      attempts,
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined || retryAfterMs === null ? {} : { retryAfterMs }),
    },
    ...(failure.facts.hint === undefined ? {} : { hint: failure.facts.hint }),
  });
}

/** Who waited for one that rests sent nothing: what others were told is why. */
function isInTrouble({ troubledSinceMs }: HealthState): boolean {
  return troubledSinceMs !== null;
}

function ranOut(
  { timeoutMs }: UpstreamRequest,
  found: { last: AttemptFailure | undefined; attempts: number; origins: readonly Origin[] },
): AshlarError {
  const hosts = found.origins.map(({ url }) => url.host).join(', ');
  const known = found.origins.map(({ health }) => health.state()).find(isInTrouble);
  const because = known === undefined ? '' : `: ${known.lastFailure}`;
  const message =
    found.last === undefined
      ? `${hosts} did not answer within ${timeoutMs / 1000} s${because}`
      : `${found.last.message}; asked ${found.attempts} times within ${timeoutMs / 1000} s`;
  return new AshlarError(found.last?.facts.code ?? 'registry_unavailable', message, {
    ...(found.last === undefined ? {} : { cause: found.last }),
    data: { attempts: found.attempts },
  });
}
