import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { RequestLedger } from '../ledger/request-ledger.ts';
import type { Answer } from './answer.ts';
import { ClientGone } from './client-gone.ts';
import { serverTiming } from './server-timing.ts';

/**
 * Sends an answer; gives the bytes of the body that went out. A body that fails on the way ends the connection, so that
 * no client takes a part for the whole; who then waits gets the failure.
 */
export async function sendAnswer(
  {
    request,
    response,
    ledger,
  }: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly ledger: RequestLedger;
  },
  answer: Answer,
): Promise<number> {
  const { body } = answer;
  const headers: Record<string, string> = {
    ...answer.headers,
    'x-ashlar-cache': answer.state,
    'server-timing': serverTiming(ledger.summary()),
  };
  const sizeBytes = Buffer.isBuffer(body) ? body.length : (body?.sizeBytes ?? null);
  if (sizeBytes !== null) headers['content-length'] = String(sizeBytes);
  else if (body === null && answer.status !== 304 && request.method !== 'HEAD')
    headers['content-length'] = '0';
  response.writeHead(answer.status, headers);
  if (request.method === 'HEAD' || body === null || Buffer.isBuffer(body)) {
    const bytes = request.method === 'HEAD' || body === null ? undefined : (body as Buffer);
    await ledger.span('send', () => ended(response, bytes));
    return bytes?.length ?? 0;
  }
  let sentBytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of body.pieces) {
      sentBytes += piece.length;
      if (sentBytes > (sizeBytes ?? Infinity)) throw otherLength(sizeBytes);
      yield piece;
    }
    // What is announced and does not come would be taken from the next answer of this connection.
    if (sizeBytes !== null && sentBytes < sizeBytes) throw otherLength(sizeBytes);
  };
  await ledger.span('send', () =>
    pipeline(Readable.from(counted(), { objectMode: true, highWaterMark: 1 }), response),
  );
  return sentBytes;
}

function otherLength(announcedBytes: number | null): AshlarError {
  const problem = `an answer has another length than the ${announcedBytes} bytes that were announced`;
  return new AshlarError('registry_corrupt', problem);
}

function ended(response: ServerResponse, bytes: Buffer | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // A connection that is closed already does not say so once more.
  if (response.closed || response.destroyed) throw new ClientGone();
  response.once('close', () => (response.writableFinished ? resolve() : reject(new ClientGone())));
  response.end(bytes);
  return promise;
}
