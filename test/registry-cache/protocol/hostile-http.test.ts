import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket, rawTalk, readUntil } from '../../mirror/support/raw-talk.ts';
import {
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { ociManifest } from '../../support/oci-registry/media-types.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { manifestText } from './support/manifest-text.ts';

const path = '/v2/team/app/manifests/latest';
const opened = new AsyncDisposableStack();
let upstream: ScriptedUpstream;
let cache: TestCache;

beforeAll(async () => {
  upstream = opened.use(
    await startScriptedUpstream((request, response) => {
      if (request.url === path)
        response.setHeader('content-type', ociManifest).end(manifestText([]));
      else response.writeHead(404).end('{}');
    }),
  );
  cache = opened.use(await startTestCache({ upstreams: [upstream.url] }));
  await serves();
});
afterAll(() => opened.disposeAsync());

const serves = async (): Promise<void> => {
  expect((await ask(cache.url + path)).status).toBe(200);
};
const get = (target: string, ...lines: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: localhost', ...lines, 'Connection: close', '', ''].join('\r\n');

describe('requests that two readers could read in two ways', () => {
  const smuggled = 'GET /v2/smuggled/app/manifests/latest HTTP/1.1\r\nHost: x\r\n\r\n';

  it.each([
    ['both lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 50'],
    ['two lengths in one', 'Content-Length: 5, 50'],
    ['a length that is none', 'Content-Length: +5'],
    ['an odd transfer coding', 'Transfer-Encoding: xchunked'],
    ['a coding twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
    ['a blank before the colon', 'Content-Length : 5'],
    ['a folded line', 'X-A: b\r\n Content-Length: 5'],
    ['a bare line feed', 'X-A: b\nContent-Length: 5'],
    ['a bare carriage return', 'X-A: b\rContent-Length: 5'],
    ['a NUL', 'X-A: b\0c'],
  ])('%s', async (_what, lines) => {
    const before = upstream.seen.length;
    const text = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n0\r\n\r\n${smuggled}`;
    const answer = await rawTalk(cache, text, { timeoutMs: 1_000 });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(upstream.seen.length).toBe(before);
    await serves();
  });

  it.each(['GET', 'PUT', 'DELETE'])('the body of a %s is no further request', async (method) => {
    const before = upstream.seen.length;
    const size = smuggled.length;
    for (const [head, body] of [
      [`Content-Length: ${size}`, smuggled],
      ['Transfer-Encoding: chunked', `${size.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
    ]) {
      const text = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n${body}${get('/v2/')}`;
      const answer = await rawTalk(cache, text);
      const first = method === 'GET' ? 200 : 405;
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      expect(statuses).toEqual([`${first}`, '200']);
    }
    expect(upstream.seen.length).toBe(before);
    await serves();
  });
});

describe('odd requests', () => {
  it.each([
    ['no Host', `GET ${path} HTTP/1.1\r\n\r\n`, 400],
    ['an unknown method', `BREW ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
    ['letters beyond ASCII', 'GET /v2/tä/manifests/1 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a blank in the path', 'GET /v2/a b/manifests/1 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['huge headers', get(path, `X: ${'y'.repeat(40_000)}`), 431],
    ['a huge path', get(`/v2/${'a/'.repeat(30_000)}manifests/1`), 431],
    ['too many headers', get(path, ...Array.from({ length: 5_000 }, (_, at) => `X${at}: y`)), 431],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x00\x05hello', 400],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/3.0', `GET ${path} HTTP/3.0\r\nHost: a\r\n\r\n`, 400],
    ['an expectation', get(path, 'Expect: 200-maybe'), 417],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404],
  ])('%s', async (_what, text, status) => {
    const before = upstream.seen.length;
    const answer = await rawTalk(cache, text, { timeoutMs: 2_000 });
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(upstream.seen.length).toBe(before);
    await serves();
  });

  it('CONNECT opens no tunnel', async () => {
    const text = `CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nHost: a\r\n\r\n${get(path)}`;
    const before = upstream.seen.length;
    expect(await rawTalk(cache, text)).not.toMatch(/^HTTP\/1\.1 2/);
    expect(upstream.seen.length).toBe(before);
    await serves();
  });

  it('the host of a whole address says nothing of where to fetch', async () => {
    const before = upstream.seen.length;
    for (const base of ['http://evil.example', 'http://127.0.0.1:1', 'HTTPS://a:b@evil.example:9'])
      expect(await rawTalk(cache, get(base + path))).toMatch(/^HTTP\/1\.1 200 /);
    for (const target of ['ftp://a/v2/', 'http://a', 'http:///v2/', 'evil.example:80'])
      expect(await rawTalk(cache, get(target))).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(upstream.seen.length).toBe(before);
    await serves();
  });

  it('headers of who asks are not taken over into the answer', async () => {
    const answer = await rawTalk(cache, get('/v2/%0d%0aX-Evil:%20y/manifests/1', 'X-Odd: 1'));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.split('\r\n\r\n')[0]).not.toMatch(/evil|odd/i);
  });

  it('a thousand requests in one go on a connection that does not read end nothing', async () => {
    const socket = await openSocket(cache);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(1_000));
    await serves();
    // Whether it is answered or closed: others have theirs.
    await readUntil(socket, { timeoutMs: 300 });
    await serves();
  });

  it('two hundred who hang up in the middle of a head, of a body and of an answer', async () => {
    const texts = [
      `GET ${path} HT`,
      `PUT ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx`,
    ];
    for (const text of [...texts, get(path)]) {
      const sockets = await Promise.all(Array.from({ length: 70 }, () => openSocket(cache)));
      for (const socket of sockets) socket.write(text, () => socket.resetAndDestroy());
    }
    await serves();
  });
});
