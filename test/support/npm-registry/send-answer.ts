import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import type { Fault } from './fault.ts';
import { hugePackument } from './odd-packuments.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client has left or the registry is closed. */
  readonly signal: AbortSignal;
  readonly countBody: (bytes: number) => void;
}

/** How faults cut and end an answer on the wire. Those that change the answer itself were put to it before. */
export async function sendAnswer(
  exchange: Exchange,
  answer: Answer,
  fault: Fault | null,
): Promise<void> {
  const { request, response, signal } = exchange;
  switch (fault?.name) {
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'slow-headers':
      await pause(fault.delayMs, undefined, { signal });
      sendWhole(exchange, answer);
      return;
    case 'reset-in-body':
      await sendHalf(exchange, answer, 'announced');
      request.socket.resetAndDestroy();
      return;
    case 'truncated':
      await sendHalf(exchange, answer, 'announced');
      request.socket.destroySoon();
      return;
    case 'stall-in-body':
      await sendHalf(exchange, answer, 'announced');
      return;
    case 'short':
      await sendHalf(exchange, answer, 'chunked');
      response.end();
      return;
    case 'huge':
      response.writeHead(200, { 'content-type': 'application/json' });
      await pipeline(Readable.from(hugePackument(fault.sizeBytes)), response, { signal });
      return;
    case undefined:
    case 'status':
    case 'corrupt':
    case 'wrong-body':
    case 'html':
    case 'redirect':
    case 'broken-gzip':
    case 'lying-etag':
    case 'nested':
    case 'wrong-name':
      sendWhole(exchange, answer);
  }
}

function sendWhole({ request, response, countBody }: Exchange, answer: Answer): void {
  const isEmpty = request.method === 'HEAD' || answer.status === 304;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status === 304 ? {} : { 'content-length': String(answer.body.length) }),
  });
  response.end(isEmpty ? undefined : answer.body);
  if (!isEmpty) countBody(answer.body.length);
}

/** Resolves when the first half is with the kernel, or the client has left. */
async function sendHalf(
  { response, countBody }: Exchange,
  answer: Answer,
  length: 'announced' | 'chunked',
): Promise<void> {
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(length === 'announced' ? { 'content-length': String(answer.body.length) } : {}),
  });
  countBody(half.length);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.write(half, () => resolve());
  });
}
