import { AshlarError } from '../../src/index.ts';
import {
  type Answer,
  buildIdOf,
  clientAddress,
  createRequestHandler,
  type HandleRequest,
  type IsTrustedProxy,
  type RequestExchange,
  type SeenRequest,
  type ServedRequest,
} from '../../src/network.ts';
import type { CacheCore } from '../cache-core.ts';
import { ociErrorAnswer } from '../routing/oci-error.ts';
import { routeRequest } from '../routing/route-request.ts';
import type { AskedRepository, RoutedRequest } from '../routing/routed-request.ts';
import { answerRequest } from './answer-request.ts';
import { loginOf, readView } from './read-view.ts';

export interface CacheHandlerOptions {
  readonly core: CacheCore;
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
  readonly isTrustedProxy: IsTrustedProxy;
  /** Told of every request when it is over. */
  readonly observe: (record: ServedRequest) => void;
  readonly nowMs: () => number;
  /** How long a client waits for the beginning of its answer. */
  readonly answerTimeoutMs: number;
  /** Aborted when the cache ends. */
  readonly signal: AbortSignal;
}

interface Facts {
  routed: RoutedRequest | null;
  address: string;
  buildId: string | null;
  way: 'ns' | 'path';
}

/** Answers requests of container clients, whatever happens, and tells of each when it is over. */
export function createCacheHandler(options: CacheHandlerOptions): HandleRequest {
  return createRequestHandler<Facts>({
    ...options,
    noFacts: () => ({ routed: null, address: '', buildId: null, way: 'path' }),
    answer: (exchange, facts) => answer(options, exchange, facts),
    errorAnswer: (failure, { routed }) => errorAnswer(failure, routed),
    observe: (seen, facts) => options.observe(recordOf(facts, seen)),
  });
}

/** As docker's clients look for it to tell a registry of today. */
const apiVersion = { 'docker-distribution-api-version': 'registry/2.0' } as const;

async function answer(
  { core, secret, isTrustedProxy, nowMs }: CacheHandlerOptions,
  { request, response, ledger, wait }: RequestExchange,
  facts: Facts,
): Promise<Answer> {
  const { config } = core;
  facts.address = clientAddress(request, isTrustedProxy);
  facts.buildId = buildIdOf(request.headers, null);
  facts.way = /[?&]ns=/.test(request.url ?? '') ? 'ns' : 'path';
  const routed = routeRequest({ method: request.method, url: request.url, config });
  facts.routed = routed;
  if (config.requireLogin && loginOf(request.headers) === null)
    throw new AshlarError('registry_auth_required', 'this cache wants a login');
  const exchange = { request, response, ledger, signal: wait.signal, nowMs };
  const viewOf = (asked: AskedRepository) =>
    readView(request.headers, asked.registry, { config, secret });
  const made = await answerRequest({ core, viewOf }, routed, exchange);
  return { ...made, headers: { ...made.headers, ...apiVersion } };
}

function errorAnswer(failure: unknown, routed: RoutedRequest | null): Answer {
  const registry = routed !== null && 'registry' in routed ? routed.registry.name : null;
  const { status, headers, body } = ociErrorAnswer(failure, { registry });
  return { status, headers: { ...headers, ...apiVersion }, body, state: 'pass' };
}

function recordOf({ routed, ...facts }: Facts, seen: SeenRequest): ServedRequest {
  const asked = askedOf(routed);
  return {
    ...seen,
    ...facts,
    kind: routed?.kind ?? 'none',
    registry: asked?.registry.name ?? null,
    subject: asked === null ? null : `${asked.registry.name}/${asked.repository}`,
  };
}

function askedOf(routed: RoutedRequest | null): AskedRepository | null {
  if (routed === null) return null;
  if (routed.kind === 'push') return routed.repository;
  return 'registry' in routed ? routed : null;
}
