import type { IncomingMessage, ServerResponse } from 'node:http';
import { AshlarError, toAshlarError } from '../../src/index.ts';
import { createRequestLedger, type RequestLedger } from '../../src/network.ts';
import type { ObserveRequest, RequestOutcome, RequestRecord } from '../observe/request-record.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { PassThrough } from '../pass-through/pass-through.ts';
import type { ForwardProxy } from '../proxy/forward-proxy.ts';
import type { LoopMark } from '../upstream/loop-mark.ts';
import { absoluteTarget, isOwnAddress } from './absolute-target.ts';
import type { Answer } from './answer.ts';
import { type AnswerWait, createAnswerWaits } from './answer-waits.ts';
import { errorAnswer } from './error-answer.ts';
import type { Exchange } from './exchange.ts';
import { readRequester, type Requester, type RequesterOptions } from './requester.ts';
import type { AnswerRegistry } from './registry-answers.ts';
import { routeRequest } from './route-request.ts';
import { sendAnswer } from './send-answer.ts';
import { ClientGone } from './client-gone.ts';

export interface RequestHandlerOptions {
  readonly requesters: RequesterOptions;
  readonly answerRegistry: AnswerRegistry;
  readonly passThrough: PassThrough;
  readonly forward: ForwardProxy['forward'];
  readonly loopMark: LoopMark;
  readonly observe: ObserveRequest;
  readonly nowMs: () => number;
  /** How long a client waits for the beginning of its answer. */
  readonly answerTimeoutMs: number;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

export type HandleRequest = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Answers requests of registries, whatever happens, and tells of each when it is over. */
export function createRequestHandler(options: RequestHandlerOptions): HandleRequest {
  const waits = createAnswerWaits(options);
  return async (request, response) => {
    const ledger = createRequestLedger();
    const atMs = options.nowMs();
    const facts: Facts = { kind: 'other', requester: null, exchange: null, wanted: null };
    const wait = waits.begin(request, response);
    let outcome: RequestOutcome = { kind: 'answered' };
    let sentBytes = 0;
    let state: Answer['state'] = 'pass';
    try {
      const answer = await prepare(options, { request, response, ledger, wait, facts });
      wait.isOver();
      if ('passedBytes' in answer) sentBytes = answer.passedBytes;
      else {
        ({ state } = answer);
        sentBytes = await sendAnswer({ request, response, ledger }, answer);
      }
    } catch (error) {
      wait.isOver();
      outcome = outcomeOf(error, wait);
      if (outcome.kind === 'failed') await sendError({ request, response, ledger }, error);
      if (!response.writableEnded) response.destroy();
    } finally {
      wait.end();
      options.observe(
        recordOf(facts, { request, response, ledger, atMs, outcome, sentBytes, state }),
      );
    }
  };
}

interface Facts {
  kind: string;
  requester: Requester | null;
  exchange: Exchange | null;
  wanted: RegistryPath | null;
}

interface Prepared {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ledger: RequestLedger;
  readonly wait: AnswerWait;
  readonly facts: Facts;
}

/** Gives the answer, or the bytes of one that somebody else has given and that is sent already. */
async function prepare(
  options: RequestHandlerOptions,
  { request, response, ledger, wait, facts }: Prepared,
): Promise<Answer | { readonly passedBytes: number }> {
  facts.requester = readRequesterOrRefuse(request, options.requesters);
  refuseUnserved(request, options.loopMark);
  const foreign = foreignTarget(request, options.requesters);
  if (foreign !== null) {
    facts.kind = 'forwarded';
    wait.isOver();
    const to = { target: foreign, ledger };
    const forwarding = (): Promise<number> => options.forward(request, response, to);
    return { passedBytes: await ledger.span('upstream', forwarding) };
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
    signal: wait.signal,
  };
  Object.assign(facts, { exchange, wanted, kind: wanted.kind });
  const answer = await options.answerRegistry(exchange, wanted);
  if (answer !== null) return answer;
  wait.isOver();
  const passing = (): Promise<number> => options.passThrough(exchange, wanted);
  return { passedBytes: await ledger.span('upstream', passing) };
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

function outcomeOf(error: unknown, wait: AnswerWait): RequestOutcome {
  if (error instanceof ClientGone || wait.isClientGone()) return { kind: 'client_gone' };
  const { code, entry, message } = toAshlarError(error);
  return { kind: 'failed', code, class: entry.class, message };
}

/** Where the answer has begun, all that can be done is to break it off. */
async function sendError(
  to: { request: IncomingMessage; response: ServerResponse; ledger: RequestLedger },
  error: unknown,
): Promise<void> {
  if (to.response.headersSent) return;
  try {
    await sendAnswer(to, errorAnswer(error));
  } catch (failure) {
    if (!(failure instanceof ClientGone)) throw failure;
  }
}

/** As nginx logs it. */
const clientGoneStatus = 499;

function recordOf(
  { kind, requester, exchange, wanted }: Facts,
  seen: {
    request: IncomingMessage;
    response: ServerResponse;
    ledger: RequestLedger;
    atMs: number;
    outcome: RequestOutcome;
    sentBytes: number;
    state: Answer['state'];
  },
): RequestRecord {
  const { request, response, ledger, ...rest } = seen;
  return {
    ...rest,
    method: request.method ?? '',
    kind,
    registry: exchange?.registry.name ?? null,
    package: wanted !== null && 'package' in wanted ? (wanted.package?.name ?? null) : null,
    way: (requester?.transparentFor ?? null) === null ? 'conventional' : 'transparent',
    // Nobody has seen what was to be answered.
    status: rest.outcome.kind === 'client_gone' ? clientGoneStatus : response.statusCode,
    address: requester?.address ?? '',
    buildId: requester?.buildId ?? null,
    time: ledger.summary(),
  };
}
