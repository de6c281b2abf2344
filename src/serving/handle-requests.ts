import type { IncomingMessage, ServerResponse } from 'node:http';
import { AshlarError, toAshlarError } from '../errors/ashlar-error.ts';
import { createRequestLedger } from '../ledger/request-ledger.ts';
import type { Answer } from './answer.ts';
import { type AnswerWait, createAnswerWaits } from './answer-waits.ts';
import { ClientGone } from './client-gone.ts';
import type { RequestOutcome, SeenRequest } from './observe/served-request.ts';
import { type AnswerWay, sendAnswer } from './send-answer.ts';

export type HandleRequest = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A request while it is answered. */
export interface RequestExchange extends AnswerWay {
  readonly wait: AnswerWait;
}

/** `F`: what is learned of a request while it is answered, for the record of it. */
export interface RequestServing<F> {
  noFacts(): F;
  /** Gives the answer; null where it is sent already. */
  answer(exchange: RequestExchange, facts: F): Promise<Answer | null>;
  /** What a failure is answered with, where nothing of the answer went out. */
  errorAnswer(failure: unknown, facts: F): Answer;
  observe(seen: SeenRequest, facts: F): void;
  readonly nowMs: () => number;
  /** How long a client waits for the beginning of its answer. */
  readonly answerTimeoutMs: number;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
}

/** Answers requests, whatever happens, and tells of each when it is over. */
export function createRequestHandler<F>(serving: RequestServing<F>): HandleRequest {
  const waits = createAnswerWaits(serving);
  return async (request, response) => {
    const atMs = serving.nowMs();
    const ledger = createRequestLedger();
    const facts = serving.noFacts();
    const wait = waits.begin(request, response);
    let outcome: RequestOutcome = { kind: 'answered' };
    let sentBytes = 0;
    const onSent = (bytes: number): void => void (sentBytes += bytes);
    const exchange = { request, response, ledger, onSent, wait };
    let state: Answer['state'] = 'pass';
    let phase: Phase = 'answering';
    try {
      const answer = await serving.answer(exchange, facts);
      wait.isOver();
      if (answer !== null) {
        ({ state } = answer);
        phase = 'sending';
        await sendAnswer(exchange, answer);
      }
    } catch (error) {
      wait.isOver();
      outcome = outcomeOf(error, phase, wait);
      if (outcome.kind === 'failed') await sendError(exchange, serving.errorAnswer(error, facts));
      if (!response.writableEnded) response.destroy();
    } finally {
      wait.end();
      const method = request.method ?? '';
      const status = statusOf(outcome, response);
      const time = ledger.summary();
      serving.observe({ atMs, method, status, state, sentBytes, time, outcome }, facts);
    }
  };
}

/** As nginx logs it: nobody has seen what was to be answered. */
const clientGoneStatus = 499;

function statusOf({ kind }: RequestOutcome, { statusCode }: ServerResponse): number {
  return kind === 'client_gone' ? clientGoneStatus : statusCode;
}

type Phase = 'answering' | 'sending';

/** While an answer is sent, a closed connection says nothing: one that breaks off closes it too. Who sends it can tell. */
function outcomeOf(error: unknown, phase: Phase, wait: AnswerWait): RequestOutcome {
  const isOurs = error instanceof AshlarError || phase === 'sending';
  if (error instanceof ClientGone || (!isOurs && wait.isClientGone()))
    return { kind: 'client_gone' };
  const { code, entry, message, hint } = toAshlarError(error);
  return { kind: 'failed', code, class: entry.class, message, hint };
}

/** Where the answer has begun, all that can be done is to break it off. */
async function sendError(way: AnswerWay, answer: Answer): Promise<void> {
  if (way.response.headersSent) return;
  try {
    await sendAnswer(way, answer);
  } catch (failure) {
    if (!(failure instanceof ClientGone)) throw failure;
  }
}
