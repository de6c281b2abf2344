import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import httpProxy from 'http-proxy-3';
import { AshlarError } from '../../src/index.ts';
import { ClientGone, type RequestLedger, serverTiming } from '../../src/network.ts';
import type { LoopMark } from '../upstream/loop-mark.ts';

export interface HandOnTarget {
  readonly target: string;
  readonly agent: Agent;
  /** How long nothing may come, and how long all of it may take. */
  readonly idleMs: number;
  readonly wholeMs: number;
  readonly ledger: RequestLedger;
  /** Told of each part of the answer's body. */
  readonly onSent: (bytes: number) => void;
  /** Told of the answer's status before the client sees anything of it. */
  readonly onHead?: (status: number) => void;
  /** What is thrown where no answer comes, or none that is whole. */
  readonly failure: (problem: Error) => AshlarError;
}

/** Sends a request on as it is, without what was meant for the mirror alone, and its answer back as it comes. */
export type HandOn = (
  request: IncomingMessage,
  response: ServerResponse,
  to: HandOnTarget,
) => Promise<void>;

/** What tells the mirror something, and nobody behind it; that a body may be sent was said already. */
const ownHeaders = ['proxy-authorization', 'proxy-connection', 'x-ashlar-build', 'expect'];
const connectMs = 5_000;

/**
 * Resolves when the answer is sent. Throws `ClientGone` where the client leaves, which ends the request
 * to the other side too; `failure` where that breaks off, also in the middle of an answer; and `invalid_request` for
 * a body that cannot be sent on.
 */
export function createHandOn(loopMark: LoopMark): HandOn {
  return async (request, response, to) => {
    prepareHeaders(request, loopMark);
    const done = Promise.withResolvers<void>();
    const fail = (problem: Error): void => done.reject(to.failure(problem));
    response.once('close', () => {
      if (response.writableFinished) done.resolve();
      else done.reject(new ClientGone());
    });
    const proxy = httpProxy.createProxyServer({
      target: to.target,
      agent: to.agent,
      proxyTimeout: to.idleMs,
      connectTimeout: connectMs,
      changeOrigin: true,
      secure: true,
    });
    const deadline = startDeadline(to.wholeMs, fail);
    proxy.once('proxyReq', deadline.guard);
    const beganMs = to.ledger.nowMs();
    proxy.once('proxyRes', (answer) => {
      to.ledger.book('upstream', to.ledger.nowMs() - beganMs);
      setOwnHeaders(answer, { response, ledger: to.ledger });
      to.onHead?.(answer.statusCode ?? 0);
      answer.on('data', (piece: Buffer) => to.onSent(piece.length));
      answer.once('close', () => {
        if (!answer.complete) fail(new Error('its answer broke off'));
      });
    });
    try {
      proxy.web(request, response, {}, fail);
      await done.promise;
    } finally {
      deadline.end();
    }
  };
}

function prepareHeaders({ headers, method }: IncomingMessage, loopMark: LoopMark): void {
  // The library says that there is no body and sends it all the same: the host behind takes it for another request.
  const isUnstated = headers['content-length'] === undefined && 'transfer-encoding' in headers;
  if (isUnstated && (method === 'DELETE' || method === 'OPTIONS'))
    throw new AshlarError('invalid_request', `${method} with a body of unstated length`);
  for (const name of ownHeaders) delete headers[name];
  // Of the connection that the client has with the mirror.
  delete headers.connection;
  const stated = [headers['cdn-loop'] ?? []].flat().join(', ');
  Object.assign(headers, loopMark.headers(stated === '' ? undefined : stated));
}

function setOwnHeaders(
  { headers }: IncomingMessage,
  { response, ledger }: { response: ServerResponse; ledger: RequestLedger },
): void {
  delete headers['keep-alive'];
  headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
  const timings = [headers['server-timing'] ?? [], serverTiming(ledger.summary())].flat();
  Object.assign(headers, { 'x-ashlar-cache': 'pass', 'server-timing': timings.join(', ') });
}

/** Ends the request that `guard` is told of, now or later, when the time is over. */
function startDeadline(
  wholeMs: number,
  onEnd: (problem: Error) => void,
): { guard(sent: ClientRequest): void; end(): void } {
  const over = new AbortController();
  const timer = setTimeout(() => {
    onEnd(new Error(`no whole answer within ${wholeMs / 1000} s`));
    over.abort();
  }, wholeMs);
  return {
    guard(sent) {
      if (over.signal.aborted) sent.destroy();
      over.signal.addEventListener('abort', () => sent.destroy(), { once: true });
    },
    end: () => clearTimeout(timer),
  };
}
