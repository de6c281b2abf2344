import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { RequestLedger } from '../ledger/request-ledger.ts';
import type { Answer } from './answer.ts';
import { ClientGone } from './client-gone.ts';
import { noSniff } from './no-sniff.ts';
import { serverTiming } from './server-timing.ts';

/** Where an answer goes. */
export interface AnswerWay {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ledger: RequestLedger;
  /** Told of each part of the body that goes out, so that what breaks off is counted as far as it went. */
  readonly onSent: (bytes: number) => void;
}

/**
 * Sends an answer. A body that fails on the way ends the connection, so that
 * no client takes a part for the whole; who then waits gets the failure, and `ClientGone` where the client left before that.
 * The body's pieces are let go of in any case, also where none of them was read.
 */
export async function sendAnswer(way: AnswerWay, answer: Answer): Promise<void> {
  const { body } = answer;
  if (body === null || Buffer.isBuffer(body)) {
    writeHead(way, answer, body?.length ?? null);
    return sendWhole(way, body);
  }
  const { sizeBytes } = body;
  const pieces = body.pieces[Symbol.asyncIterator]();
  try {
    writeHead(way, answer, sizeBytes);
    if (body.headFirst === true) way.response.flushHeaders();
    if (way.request.method === 'HEAD') return await sendWhole(way, null);
    return await sendPieces(way, { pieces, sizeBytes });
  } finally {
    // Not waited for, as a piece may be on its way; what fails in closing what nobody reads is nobody's failure.
    pieces.return?.().catch(() => {});
  }
}

function writeHead(
  { request, response, ledger }: AnswerWay,
  { status, headers: stated, body, state }: Answer,
  sizeBytes: number | null,
): void {
  const headers: Record<string, string> = {
    ...noSniff,
    ...stated,
    'x-ashlar-cache': state,
    'server-timing': serverTiming(ledger.summary()),
  };
  if (sizeBytes !== null) headers['content-length'] = String(sizeBytes);
  else if (body === null && status !== 304 && request.method !== 'HEAD')
    headers['content-length'] = '0';
  response.writeHead(status, headers);
}

async function sendWhole(
  { request, response, ledger, onSent }: AnswerWay,
  body: Buffer | null,
): Promise<void> {
  const bytes = request.method === 'HEAD' || body === null ? undefined : body;
  await ledger.span('send', () => ended(response, bytes));
  onSent(bytes?.length ?? 0);
}

interface Pieces {
  readonly pieces: AsyncIterator<Buffer>;
  readonly sizeBytes: number | null;
}

async function sendPieces(
  { request, response, ledger, onSent }: AnswerWay,
  { pieces, sizeBytes }: Pieces,
): Promise<void> {
  let seenBytes = 0;
  let broken: { readonly error: unknown } | null = null;
  const counted = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const piece of { [Symbol.asyncIterator]: () => pieces }) {
        seenBytes += piece.length;
        if (seenBytes > (sizeBytes ?? Infinity)) throw otherLength(request, sizeBytes);
        yield piece;
        onSent(piece.length);
      }
      // What is announced and does not come would be taken from the next answer of this connection.
      if (sizeBytes !== null && seenBytes < sizeBytes) throw otherLength(request, sizeBytes);
    } catch (error) {
      // What fails because the client has left is no failure of the body.
      if (!response.destroyed) broken = { error };
      throw error;
    }
  };
  const source = Readable.from(counted(), { objectMode: true, highWaterMark: 1 });
  try {
    await ledger.span('send', () => pipeline(source, response));
  } catch (error) {
    throw whatBroke(broken, error);
  }
}

/** The connection fails in many ways, and each of them means that the client cannot be reached any more. */
function whatBroke(broken: { readonly error: unknown } | null, cause: unknown): unknown {
  return broken === null ? new ClientGone({ cause }) : broken.error;
}

function otherLength({ url }: IncomingMessage, announcedBytes: number | null): AshlarError {
  const path = url?.split('?')[0] ?? '';
  const problem = `the answer to ${path} has another length than the ${announcedBytes} bytes that were announced`;
  return new AshlarError('registry_corrupt', problem);
}

function ended(response: ServerResponse, bytes: Buffer | undefined): Promise<void> {
  // A connection that is closed already does not say so once more.
  if (response.closed || response.destroyed) throw new ClientGone();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  response.once('close', () => (response.writableFinished ? resolve() : reject(new ClientGone())));
  response.end(bytes);
  return promise;
}
