import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { oneByOne } from '../../src/serving/one-by-one.ts';
import { openSocket, readUntil } from '../mirror/support/raw-talk.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

it('of the requests that a connection brings at once, one is begun when the one before is answered', async () => {
  await using server = await serve();
  const socket = await openSocket(server);
  socket.write([1, 2, 3].map((count) => get(`/${count}`)).join(''));
  for (const count of [1, 2, 3]) {
    await expect.poll(() => server.begun.length).toBe(count);
    // Nothing tells that another one was not begun: other connections have their turn meanwhile.
    await answered(server);
    server.begun[count - 1]?.end(`answer ${count}`);
  }
  const text = await readUntil(socket, { until: 'answer 3' });
  expect(text.match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3']);
  socket.destroy();
});

it('of more than clients send ahead the first are answered, and then the connection ends', async () => {
  await using server = await serve();
  const socket = await openSocket(server);
  socket.write(get('/now').repeat(1_000));
  const text = await readUntil(socket);
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(33);
  expect(text.match(/connection: close/gi)).toHaveLength(1);
});

it('a connection on which more wait ends, although its client reads nothing', async () => {
  await using server = await serve();
  const socket = await openSocket(server);
  socket.write(get('/').repeat(1_000));
  expect(await readUntil(socket, { timeoutMs: 20_000 })).toBe('');
  expect(server.begun).toHaveLength(1);
});

it('of many such connections at once most end at once, and others are served', async () => {
  await using server = await serve();
  const sockets = await Promise.all(Array.from({ length: 40 }, () => openSocket(server)));
  for (const socket of sockets) socket.write(get('/').repeat(1_000));
  const ended = sockets.map((socket) => readUntil(socket, { timeoutMs: 3_000 }));
  const texts = await Promise.all(ended);
  expect(texts.filter((text) => text === '').length).toBe(24);
  expect(server.begun).toHaveLength(40);
  await answered(server);
});

it('what waits on a connection that its client closes is not begun', async () => {
  await using server = await serve();
  const socket = await openSocket(server);
  socket.write(get('/').repeat(10));
  await expect.poll(() => server.begun.length).toBe(1);
  const closed = once(server.begun[0] as ServerResponse, 'close');
  socket.destroy();
  await closed;
  await answered(server);
  expect(server.begun).toHaveLength(1);
});

/** A whole exchange on a connection of its own; `/now` is answered at once. */
async function answered({ port, begun }: Served): Promise<void> {
  const before = begun.length;
  const socket = await openSocket({ port });
  socket.write(get('/now'));
  expect(await readUntil(socket, { until: 'now' })).toContain('200 OK');
  socket.destroy();
  expect(begun).toHaveLength(before);
}

interface Served extends AsyncDisposable {
  readonly port: number;
  /** Of the requests that were begun and wait for a test. */
  readonly begun: ServerResponse[];
}

async function serve(): Promise<Served> {
  const begun: ServerResponse[] = [];
  const server = createServer(
    oneByOne((request, response) => {
      if (request.url === '/now') response.end('now');
      else begun.push(response);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    begun,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
