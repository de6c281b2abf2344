import type { IncomingMessage } from 'node:http';
import { AshlarError } from '../../src/index.ts';
import {
  absoluteTarget,
  type Answer,
  createRequestHandler,
  type HandleRequest,
  isOwnAddress,
  type RequestExchange,
  type SeenRequest,
  type ServedRequest,
} from '../../src/network.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { PassThrough } from '../pass-through/pass-through.ts';
import type { ForwardProxy } from '../proxy/forward-proxy.ts';
import type { LoopMark } from '../upstream/loop-mark.ts';
import { errorAnswer } from './error-answer.ts';
import type { Exchange } from './exchange.ts';
import type { AnswerRegistry } from './registry-answers.ts';
import { readRequester, type Requester, type RequesterOptions } from './requester.ts';
import { routeRequest } from './route-request.ts';

export interface MirrorHandlerOptions {
  readonly requesters: RequesterOptions;
  readonly answerRegistry: AnswerRegistry;
  readonly passThrough: PassThrough;
  readonly forward: ForwardProxy['forward'];
  readonly loopMark: LoopMark;
  /** Told of every request when it is over. */
  readonly observe: (record: ServedRequest) => void;
  readonly nowMs: () => number;
  /** How long a client waits for the beginning of its answer. */
  readonly answerTimeoutMs: number;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

/** Answers requests of registries, whatever happens, and tells of each when it is over. */
export function createMirrorHandler(options: MirrorHandlerOptions): HandleRequest {
  return createRequestHandler<Facts>({
    ...options,
    noFacts: () => ({ kind: 'other', requester: null, exchange: null, wanted: null }),
    answer: (exchange, facts) => answer(options, exchange, facts),
    errorAnswer,
    observe: (seen, facts) => options.observe(recordOf(facts, seen)),
  });
}

interface Facts {
  kind: string;
  requester: Requester | null;
  exchange: Exchange | null;
  wanted: RegistryPath | null;
}

/** Gives the answer; null where somebody else gave one and it is sent already. */
async function answer(
  options: MirrorHandlerOptions,
  { request, response, ledger, onSent, wait }: RequestExchange,
  facts: Facts,
): Promise<Answer | null> {
  facts.requester = readRequesterOrRefuse(request, options.requesters);
  refuseUnserved(request, options.loopMark);
  const foreign = foreignTarget(request, options.requesters);
  if (foreign !== null) {
    facts.kind = 'forwarded';
    wait.isOver();
    const to = { target: foreign, ledger, onSent };
    await ledger.span('upstream', () => options.forward(request, response, to));
    return null;
  }
  const routed = routeRequest(request, facts.requester, options.requesters.registries);
  const { registry, path, base, wanted, credentialIs } = routed;
  if (credentialIs === 'unclear') {
    delete request.headers.authorization;
    facts.requester = { ...facts.requester, authorization: null };
  }
  const exchange: Exchange = {
    request,
    response,
    requester: facts.requester,
    registry,
    path,
    base,
    ledger,
    onSent,
    signal: wait.signal,
  };
  Object.assign(facts, { exchange, wanted, kind: wanted.kind });
  const own = await options.answerRegistry(exchange, wanted);
  if (own !== null) return own;
  wait.isOver();
  await ledger.span('upstream', () => options.passThrough(exchange, wanted));
  return null;
}

function refuseUnserved({ method, headers }: IncomingMessage, loopMark: LoopMark): void {
  if (method === 'TRACE') {
    // It would show what those in between have put into a request, credentials among them.
    throw new AshlarError('method_refused', 'TRACE is not served here');
  }
  if (loopMark.isIn(headers))
    throw new AshlarError('loop_detected', 'what this mirror asks for upstream comes to itself');
}

function readRequesterOrRefuse(request: IncomingMessage, options: RequesterOptions): Requester {
  try {
    return readRequester(request, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AshlarError('invalid_request', error.message, { cause: error });
  }
}

/** The address of a request to a proxy, where it leads to another host than the mirror's own and those it mirrors. */
function foreignTarget(
  { url, socket }: IncomingMessage,
  { registries }: RequesterOptions,
): URL | null {
  const target = absoluteTarget(url);
  if (target === null || registries.byHost(target.host) !== undefined) return null;
  return isOwnAddress(target, socket) ? null : target;
}

function recordOf({ kind, requester, exchange, wanted }: Facts, seen: SeenRequest): ServedRequest {
  return {
    ...seen,
    kind,
    registry: exchange?.registry.name ?? null,
    subject: wanted !== null && 'package' in wanted ? (wanted.package?.name ?? null) : null,
    // Whether the client knows that it speaks to the mirror.
    way: (requester?.transparentFor ?? null) === null ? 'conventional' : 'transparent',
    address: requester?.address ?? '',
    buildId: requester?.buildId ?? null,
  };
}
