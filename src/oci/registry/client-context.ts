import { setTimeout as sleep } from 'node:timers/promises';
import type { AshlarError } from '../../errors/ashlar-error.ts';
import { createAuthorizer } from './authorizer.ts';
import type { CredentialLookup } from './credential.ts';
import { fileCredentials } from './credential-files.ts';
import type { EndpointOptions } from './endpoint.ts';
import { createExchange } from './exchange.ts';
import type { Exchange } from './exchange-request.ts';
import { finalFailure, type RequestSubject } from './request-subject.ts';
import {
  defaultRetryPolicy,
  type RetryPlan,
  type RetryPolicy,
  type Waiting,
} from '../../upstream/retry.ts';
import type { OnTiming } from '../../upstream/timed-connector.ts';
import { createTransport, defaultTimeouts, type Timeouts } from '../../upstream/transport.ts';

export interface RegistryClientOptions extends EndpointOptions {
  /** For credentials and proxies; the environment of this process by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Replaces the files and helpers of docker and podman. */
  readonly credentials?: CredentialLookup;
  /** Hosts that registries may send to for a token besides their own domain, by registry. */
  readonly trustedRealms?: Readonly<Record<string, readonly string[]>>;
  /**
   * Connections to one host at a time; 8 by default. An open layer holds one, and a further request waits: keep
   * fewer layers open than this, or read all of them on.
   */
  readonly connections?: number;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  /** Told what the time went to, on the clock of `performance.now`. Spans of concurrent requests overlap; those of one request do not. */
  readonly onTiming?: OnTiming;
  /** Told of a mirror that has failed, before the next one or the registry is asked. */
  readonly onMirrorFailure?: (error: AshlarError) => void;
  readonly nowMs?: () => number;
  readonly sleep?: (delayMs: number, signal?: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/** What all requests of one client share. */
export interface ClientContext extends AsyncDisposable {
  readonly exchange: Exchange;
  readonly policy: RetryPolicy;
  readonly endpoints: EndpointOptions;
  readonly onMirrorFailure: (error: AshlarError) => void;
  /** Mirrors with repositories that they have failed at: each fails once, and not for every layer. */
  readonly failedMirrors: Set<string>;
  plan(given: GivenPlan): RetryPlan;
}

export interface GivenPlan {
  readonly subject: RequestSubject;
  readonly policy: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
}

const defaultConnections = 8;

function monotonicMs(): number {
  return performance.now();
}

export function createContext(options: RegistryClientOptions): ClientContext {
  const { env = process.env, nowMs = Date.now, onTiming = () => {} } = options;
  const transport = createTransport({
    env,
    connections: options.connections ?? defaultConnections,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    onTiming,
    monotonicMs,
  });
  const authorizer = createAuthorizer({
    transport,
    credentials: options.credentials ?? fileCredentials(env),
    trustedRealms: options.trustedRealms ?? {},
    nowMs,
  });
  const waiting: Waiting = {
    nowMs,
    random: options.random ?? Math.random,
    async sleep(delayMs, signal) {
      const startMs = monotonicMs();
      await (options.sleep ?? sleepOrAbort)(delayMs, signal);
      const subject = 'pauses before another attempt';
      onTiming({ kind: 'registry', subject, startMs, durationMs: monotonicMs() - startMs });
    },
  };
  return {
    exchange: createExchange({ transport, authorizer, nowMs }),
    policy: { ...defaultRetryPolicy, ...options.retry },
    endpoints: { schemes: options.schemes, mirrors: options.mirrors },
    failedMirrors: new Set(),
    onMirrorFailure: options.onMirrorFailure ?? (() => {}),
    plan: ({ subject, policy, signal }) => ({
      policy,
      waiting,
      signal,
      giveUp: (failure, attempts) => finalFailure(failure, { subject, attempts }),
    }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

async function sleepOrAbort(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
