import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { type Bytes, partOf, pieces, whole } from './bytes.ts';
import type { Fault } from './fault.ts';
import type { Pacer } from './pacer.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client has left or the registry is closed. */
  readonly signal: AbortSignal;
  readonly countBody: (bytes: number) => void;
  readonly pacer: Pacer;
  /** 0: as fast as it goes. */
  readonly bytesPerSec: number;
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
    case 'stall':
      return;
    case 'slow-headers':
      await pause(fault.delayMs, undefined, { signal });
      await sendWhole(exchange, answer);
      return;
    case 'drip':
      await sendWhole({ ...exchange, bytesPerSec: fault.bytesPerSec }, answer);
      return;
    case 'reset-in-body':
      await sendPart(exchange, answer, fault.afterBytes);
      request.socket.resetAndDestroy();
      return;
    case 'truncated':
      await sendPart(exchange, answer, fault.afterBytes);
      request.socket.destroySoon();
      return;
    case 'stall-in-body':
      await sendPart(exchange, answer, fault.afterBytes);
      return;
    case 'short': {
      const { 'content-length': _announced, ...headers } = headersOf(answer);
      response.writeHead(answer.status, headers);
      await writePart(exchange, answer.body, fault.afterBytes);
      response.end();
      return;
    }
    default:
      await sendWhole(exchange, answer);
  }
}

const atOnceBytes = 64 * 1024;

async function sendWhole(exchange: Exchange, answer: Answer): Promise<void> {
  const { request, response, countBody, bytesPerSec } = exchange;
  const { body } = answer;
  response.writeHead(answer.status, headersOf(answer));
  if (request.method === 'HEAD' || body.sizeBytes === 0) {
    response.end();
  } else if (bytesPerSec === 0 && body.sizeBytes <= atOnceBytes) {
    response.end(whole(body));
    countBody(body.sizeBytes);
  } else {
    await writeBody(exchange, body);
    response.end();
  }
}

/** All of it is announced. */
async function sendPart(
  exchange: Exchange,
  answer: Answer,
  afterBytes: number | undefined,
): Promise<void> {
  exchange.response.writeHead(answer.status, headersOf(answer));
  exchange.response.flushHeaders();
  await writePart(exchange, answer.body, afterBytes);
}

async function writePart(
  exchange: Exchange,
  body: Bytes,
  afterBytes = Math.floor(body.sizeBytes / 2),
): Promise<void> {
  await writeBody(exchange, partOf(body, 0, Math.min(afterBytes, body.sizeBytes)));
}

/** Resolves when all of it is with the kernel; rejects when the client has left. */
async function writeBody(exchange: Exchange, body: Bytes): Promise<void> {
  const { request, response, signal, pacer, bytesPerSec, countBody } = exchange;
  for (const piece of pieces(body, pacer.pieceBytes(bytesPerSec))) {
    if (bytesPerSec > 0) {
      await pacer.turn(request.socket, { sizeBytes: piece.length, bytesPerSec, signal });
    }
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      response.write(piece, (error) => (error ? reject(error) : resolve()));
    });
    countBody(piece.length);
  }
}

function headersOf({ status, headers, body }: Answer): Record<string, string> {
  return status === 304 ? headers : { ...headers, 'content-length': String(body.sizeBytes) };
}
