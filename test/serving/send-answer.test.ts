import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createRequestLedger } from '../../src/ledger/request-ledger.ts';
import type { Answer } from '../../src/serving/answer.ts';
import { ClientGone } from '../../src/serving/client-gone.ts';
import { createRequestHandler } from '../../src/serving/handle-requests.ts';
import type { SeenRequest } from '../../src/serving/observe/served-request.ts';
import { primedBody } from '../../src/serving/primed-body.ts';
import { sendAnswer } from '../../src/serving/send-answer.ts';

const piece = Buffer.alloc(1_000, 1);

/** Endless pieces that tell when they are let go of. */
function watchedPieces(): { pieces: AsyncGenerator<Buffer>; ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pieces = (async function* () {
    try {
      for (;;) yield piece;
    } finally {
      resolve();
    }
  })();
  return { pieces, ended: promise };
}

it.each([
  ['the client has left before the first', 'GET', {}],
  ['the head cannot be sent', 'GET', { 'x-bad': '\n' }],
  ['the head alone is wanted', 'HEAD', {}],
] as const)('pieces that nobody reads are let go of: %s', async (what, method, headers) => {
  const { pieces, ended } = watchedPieces();
  const body = await primedBody(pieces, async () => null);
  const sent = await answering(method, async (request, response) => {
    if (what.includes('left')) {
      request.socket.destroy();
      await once(response, 'close');
    }
    const answer: Answer = { status: 200, headers, body, state: 'miss' };
    let sentBytes = 0;
    const onSent = (bytes: number): void => void (sentBytes += bytes);
    await sendAnswer({ request, response, ledger: createRequestLedger(), onSent }, answer);
    return sentBytes;
  });
  await ended;
  if (method === 'HEAD') expect(sent).toBe(0);
  else expect(sent).toBeInstanceOf(what.includes('left') ? ClientGone : TypeError);
});

it('pieces are let go of where their size cannot be told', async () => {
  const { pieces, ended } = watchedPieces();
  const sizeOf = (): Promise<number> => Promise.reject(new RangeError('unknown'));
  await expect(primedBody(pieces, sizeOf)).rejects.toThrow('unknown');
  await ended;
});

it.each([
  ['a body that fails is a failure, although its connection closes', 'failed'],
  ['a client that leaves is gone, whatever fails in the body then', 'client_gone'],
] as const)('%s', async (_what, kind) => {
  const seen = Promise.withResolvers<SeenRequest>();
  await answering('GET', (request, response) => {
    const handle = createRequestHandler({
      noFacts: () => null,
      answer: async () => ({
        status: 200,
        headers: {},
        body: { sizeBytes: null, pieces: failing(response, kind) },
        state: 'hit',
      }),
      errorAnswer: () => ({ status: 500, headers: {}, body: null, state: 'pass' }),
      observe: seen.resolve,
      nowMs: Date.now,
      answerTimeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    return handle(request, response);
  });
  const { outcome, sentBytes } = await seen.promise;
  expect(outcome.kind).toBe(kind);
  // What went out before is counted all the same.
  expect(sentBytes).toBe(piece.length);
});

/** Fails with what is no error of Ashlar's own, once everybody knows that the connection is closed or open. */
async function* failing(
  response: ServerResponse,
  kind: 'failed' | 'client_gone',
): AsyncGenerator<Buffer> {
  yield piece;
  if (kind === 'client_gone') {
    response.socket?.destroy();
    await once(response, 'close');
  }
  throw new TypeError('a fault of a program');
}

/** What answering one request gives or throws. */
async function answering(
  method: string,
  work: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>,
): Promise<unknown> {
  const done = Promise.withResolvers<unknown>();
  const server = createServer((request, response) => {
    work(request, response).then(done.resolve, done.resolve);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = get({ port, method, agent: false }, (answer) =>
    answer.resume().on('error', () => {}),
  );
  asked.on('error', () => {});
  try {
    return await done.promise;
  } finally {
    asked.destroy();
    server.close();
    server.closeAllConnections();
  }
}
