import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { openSocket, rawTalk } from '../support/raw-talk.ts';
import { startBoth } from '../support/test-mirror.ts';

const large = { name: 'large', versions: { '1.0.0': { paddingBytes: 16e6 } } };
const small = { name: 'small', versions: { '1.0.0': {} } };
const packages = [large, small];
const path = '/large/-/large-1.0.0.tgz';
const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

it('clients that stop reading lose their connection, hold little, and others have theirs', async () => {
  await using both = await startBoth({ packages }, { serve: { limits: { idleMs: 1_000 } } });
  const { mirror } = both;
  const before = process.memoryUsage().rss;
  const stuck = await Promise.all(Array.from({ length: 20 }, () => openSocket(mirror)));
  for (const socket of stuck) {
    socket.pause();
    socket.write(request);
  }
  const reading = await ask(mirror.url + path);
  expect(reading).toMatchObject({ status: 200, end: 'whole' });
  expect((await ask(`${mirror.url}/small`)).status).toBe(200);
  // 20 times the tarball would be 320 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  const gone = (): number =>
    mirror.records.filter(({ outcome }) => outcome.kind === 'client_gone').length;
  await expect.poll(gone, { timeout: 10_000 }).toBe(20);
  const ended = await Promise.all(stuck.map((socket) => bytesUntilEnd(socket)));
  expect(Math.max(...ended)).toBeLessThan(16e6);
  expect((await ask(mirror.url + path)).status).toBe(200);
});

it.each([
  ['nothing', ''],
  ['half a head', 'GET /small HTTP/1.1\r\nHost: a\r\nX-Slow: '],
])('a connection that says %s is closed after a while', async (_what, text) => {
  await using both = await startBoth({ packages }, { serve: { limits: { headersMs: 400 } } });
  const beganMs = performance.now();
  const answer = await rawTalk(both.mirror, text, { timeoutMs: 4_000 });
  expect(answer).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
  expect(performance.now() - beganMs).toBeLessThan(3_500);
  expect((await ask(`${both.mirror.url}/small`)).status).toBe(200);
});

it('a TLS connection that says nothing is closed too', async () => {
  const limits = { handshakeMs: 300, headersMs: 400 };
  await using both = await startBoth({ packages }, { tls: true, serve: { limits } });
  const { mirror } = both;
  const answer = await rawTalk({ port: mirror.tlsPort }, '', { timeoutMs: 4_000 });
  expect(answer).toBe('');
});

it('upstream has its time, and then the client its answer, in words', async () => {
  const faults = [{ fault: { name: 'slow-headers', delayMs: 5_000 } }] as const;
  await using both = await startBoth(
    { packages, faults },
    { serve: { limits: { answerMs: 400 } } },
  );
  const answer = await ask(`${both.mirror.url}/small`);
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toContain('upstream has not given /small within 0.4 s');
});

it('a client that leaves in the middle ends neither the fetch nor the others', async () => {
  await using both = await startBoth({ packages });
  const { mirror, registry } = both;
  const leaving = await openSocket(mirror);
  leaving.write(request);
  await once(leaving, 'data');
  leaving.resetAndDestroy();
  expect(await ask(mirror.url + path)).toMatchObject({ status: 200, end: 'whole' });
  expect((await registry.counts()).requests[`GET ${path}`]).toBe(1);
});

async function bytesUntilEnd(socket: Awaited<ReturnType<typeof openSocket>>): Promise<number> {
  let bytes = 0;
  socket.on('data', (piece: Buffer) => (bytes += piece.length));
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.resume();
  await ended;
  socket.destroy();
  return bytes;
}
