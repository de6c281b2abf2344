import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSocket, rawTalk } from '../../mirror/support/raw-talk.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import type { Descriptor } from '../../support/oci-registry/made-content.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const layerBytes = 16_000_000;
let upstream: RecordedOciRegistry;
let layer: Descriptor;

beforeAll(async () => {
  upstream = await startRecordedOciRegistry({
    contents: [{ repository: 'team/app', images: [{ layerBytes: [layerBytes] }] }],
  });
  const { blobs } = await upstream.facts('team/app', 'latest');
  const found = blobs.find(({ size }) => size >= layerBytes);
  if (found === undefined) throw new TypeError('no such layer');
  layer = found;
});
afterAll(() => upstream?.[Symbol.asyncDispose]());

const open = (limits: object): Promise<TestCache> =>
  // What arrives goes out at once: nothing shall be idle but what the tests make so.
  startTestCache({ upstreams: [upstream.url], serve: { limits }, core: { limits: { heldMs: 0 } } });
const path = (): string => `/v2/team/app/blobs/${layer.digest}`;
const small = '/v2/team/app/manifests/latest';

it.each([
  ['that stop reading', 0],
  ['that read one byte now and then', 1],
])(
  'clients %s lose their connection, hold little, and others have theirs',
  async (_what, bytes) => {
    await using cache = await open({ idleMs: 600 });
    const before = process.memoryUsage().rss;
    const stuck = await Promise.all(Array.from({ length: 20 }, () => openSocket(cache)));
    using reading = new DisposableStack();
    for (const socket of stuck) {
      socket.pause();
      socket.write(`GET ${path()} HTTP/1.1\r\nHost: a\r\n\r\n`);
      if (bytes > 0) {
        const timer = setInterval(() => socket.read(bytes), 50);
        reading.defer(() => clearInterval(timer));
      }
    }
    const whole = await ask(cache.url + path());
    expect(whole).toMatchObject({ status: 200, end: 'whole' });
    expect(whole.body.length).toBe(layer.size);
    expect((await ask(cache.url + small)).status).toBe(200);
    // 20 times the layer would be 320 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    const gone = (): number =>
      cache.records.filter(({ outcome }) => outcome.kind === 'client_gone').length;
    await expect.poll(gone, { timeout: 10_000 }).toBe(20);
    reading.dispose();
    const ended = await Promise.all(stuck.map(bytesUntilEnd));
    expect(Math.max(...ended)).toBeLessThan(layerBytes);
    expect((await ask(cache.url + path())).body.length).toBe(layer.size);
  },
);

it('a client that reads slowly, but reads, gets all of it', async () => {
  await using cache = await open({ idleMs: 600 });
  const socket = await openSocket(cache);
  socket.write(`GET ${path()} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  let seenBytes = 0;
  for await (const piece of socket as AsyncIterable<Buffer>) {
    seenBytes += piece.length;
    // Over a second for all of it, which is longer than nothing may move.
    await new Promise((resolve) => setTimeout(resolve, piece.length / 15_000));
  }
  expect(seenBytes).toBeGreaterThan(layer.size);
});

it.each([
  ['nothing', ''],
  ['half a head', `GET ${small} HTTP/1.1\r\nHost: a\r\nX-Slow: `],
])('a connection that says %s is closed after a while', async (_what, text) => {
  await using cache = await open({ headersMs: 400 });
  const beganMs = performance.now();
  const answer = await rawTalk(cache, text, { timeoutMs: 4_000 });
  expect(answer).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
  expect(performance.now() - beganMs).toBeLessThan(3_500);
  expect((await ask(cache.url + small)).status).toBe(200);
});

it('a head that comes letter by letter ends in time, however steadily it comes', async () => {
  await using cache = await open({ headersMs: 500 });
  const socket = await openSocket(cache);
  socket.write(`GET ${small} HTTP/1.1\r\nHost: a\r\nX-Slow: `);
  const timer = setInterval(() => socket.write('x'), 20);
  const beganMs = performance.now();
  await endOf(socket);
  clearInterval(timer);
  socket.destroy();
  expect(performance.now() - beganMs).toBeLessThan(5_000);
  expect((await ask(cache.url + small)).status).toBe(200);
});

it('a client that leaves in the middle ends neither the fetch nor the others', async () => {
  await using cache = await open({});
  await upstream.resetCounts();
  const leaving = await openSocket(cache);
  leaving.write(`GET ${path()} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await once(leaving, 'data');
  leaving.resetAndDestroy();
  const answer = await ask(cache.url + path());
  expect([answer.end, answer.body.length]).toEqual(['whole', layer.size]);
  expect((await upstream.counts()).requests['GET blob']).toBe(1);
});

async function bytesUntilEnd(socket: Socket): Promise<number> {
  let bytes = 0;
  socket.on('data', (piece: Buffer) => (bytes += piece.length));
  await endOf(socket);
  socket.destroy();
  return bytes;
}

/** However it comes: a reset is one too. */
async function endOf(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['end', 'close', 'error']) socket.once(event, () => resolve());
  socket.resume();
  if (!socket.closed) await promise;
}
