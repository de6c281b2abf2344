import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { openSocket, rawTalk, readUntil } from '../support/raw-talk.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror, type TestMirror } from '../support/test-mirror.ts';

const packument = JSON.stringify({ name: 'one', versions: {} });
const opened = new AsyncDisposableStack();
let upstream: ScriptedUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = opened.use(
    await startScriptedUpstream((request, response) => {
      if (request.url === '/one') response.end(packument);
      else request.on('end', () => response.writeHead(404).end('{}')).resume();
    }),
  );
  mirror = opened.use(await startTestMirror({ upstreams: [upstream.url] }));
});
afterAll(() => opened.disposeAsync());

const serves = async (): Promise<void> => {
  expect((await ask(`${mirror.url}/one`)).status).toBe(200);
};
const get = (path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines, '', ''].join('\r\n');

describe('paths and names that try to climb out', () => {
  it.each([
    '/../../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%5c..%5cwindows',
    '/@..%2f..%2fx/y',
    '/@a%2f..',
    '/one/-/..%2f..%2f..%2frecords',
    '/one/-/../../../one',
    '/one/-/%2e%2e%2fone-1.0.0.tgz',
    '/one/-/one-1.0.0.tgz%00.txt',
    '/one%00',
    '/%252e%252e%252fetc',
    '//evil.test/one',
    '/.hidden',
    '/@scope',
    '/node_modules',
    `/${'a'.repeat(215)}`,
    `/${'a/'.repeat(1500)}`,
    '/-/package/../dist-tags',
    '/-/npm/v1/attestations/..@1.0.0',
    '/-/via/http/169.254.169.254/latest',
    '/-/via/https/registry.npm.test/../../one',
    '/%zz',
    '/%c0%ae%c0%ae/one',
    '/\uD800',
  ])('%s', async (path) => {
    const before = upstream.seen.length;
    const answer = await rawTalk(mirror, get(Buffer.from(path).toString('latin1')));
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toContain('root:');
    expect(upstream.seen.length).toBe(before);
    await serves();
  });
});

describe('requests that two readers could read in two ways', () => {
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

  it.each([
    ['both lengths', `Content-Length: 5\r\nTransfer-Encoding: chunked`],
    ['two lengths', `Content-Length: 5\r\nContent-Length: 50`],
    ['an odd transfer coding', `Transfer-Encoding: xchunked`],
    ['a coding twice', `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity`],
    ['a blank before the colon', `Content-Length : 5`],
    ['a folded line', `X-A: b\r\n Content-Length: 5`],
    ['a bare line feed', `X-A: b\nContent-Length: 5`],
  ])('%s', async (_what, lines) => {
    const before = upstream.seen.length;
    const text = `POST /-/v1/login HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n0\r\n\r\n${smuggled}`;
    const answer = await rawTalk(mirror, text, { timeoutMs: 1_000 });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.seen.slice(before).map(({ path }) => path)).not.toContain('/smuggled');
    await serves();
  });

  it.each(['DELETE', 'OPTIONS'])('a chunked body of a %s is no further request', async (method) => {
    const before = upstream.seen.length;
    const size = smuggled.length.toString(16);
    const text = `${method} /one/-rev/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${size}\r\n${smuggled}\r\n0\r\n\r\n`;
    const answer = await rawTalk(mirror, text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*of unstated length/s);
    expect(upstream.seen.slice(before).map(({ path }) => path)).toEqual([]);
    await serves();
  });
});

describe('odd requests', () => {
  it.each([
    ['no Host', 'GET /one HTTP/1.1\r\n\r\n', 400],
    ['an empty Host', 'GET /one HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['a Host with a path', 'GET /one HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['a Host with a user', 'GET /one HTTP/1.1\r\nHost: user:secret@a\r\n\r\n', 400],
    ['a Host that is no address', 'GET /one HTTP/1.1\r\nHost: 999.1.1.1\r\n\r\n', 400],
    ['a Host with a port that is none', 'GET /one HTTP/1.1\r\nHost: a:99999\r\n\r\n', 400],
    ['TRACE', 'TRACE /one HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n', 405],
    ['an unknown method', 'BREW /one HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['huge headers', `GET /one HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['TLS without a server', '\x16\x03\x01\x00\x05hello', 400],
  ])('%s', async (_what, text, status) => {
    const before = upstream.seen.length;
    const answer = await rawTalk(mirror, Buffer.from(text, 'latin1'), { until: '\r\n\r\n' });
    expect(answer.split(' ')[1]).toBe(String(status));
    expect(upstream.seen.length).toBe(before);
    expect(JSON.stringify(mirror.records)).not.toContain('secret');
    await serves();
  });

  it('a GET with a body is answered, and the body is no further request', async () => {
    const body = 'GET /two HTTP/1.1\r\nHost: a\r\n\r\n';
    const text = `GET /one HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}${get('/one')}`;
    const answer = await rawTalk(mirror, text);
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(upstream.seen.map(({ path }) => path)).not.toContain('/two');
  });

  it('requests that come in one go are answered in their order', async () => {
    const kept = 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await rawTalk(mirror, kept + kept.replace('one', 'absent') + get('/one'));
    const lines = answer.match(/HTTP\/1\.1 (\d+)/g);
    expect(lines).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('a whole address of the mirror’s own or of a mirrored host is served, in any case', async () => {
    for (const base of [`http://127.0.0.1:${mirror.port}`, 'HTTP://Registry.NPM.test'])
      expect(await rawTalk(mirror, get(`${base}/one`))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('bodies of several MB go upstream whole', async () => {
    const body = Buffer.alloc(5_000_000, 'publish');
    const headers = { 'content-type': 'application/json' };
    expect((await ask(`${mirror.url}/new`, { method: 'PUT', body, headers })).status).toBe(404);
    expect(upstream.seen.at(-1)?.body.equals(body)).toBe(true);
  });

  it('a thousand requests in one go on a connection that does not read end nothing', async () => {
    const socket = await openSocket(mirror);
    socket.pause();
    socket.write('GET /one HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000));
    await serves();
    const answer = await readUntil(socket, { timeoutMs: 300 });
    expect(answer).toContain('HTTP/1.1 200 OK');
    await serves();
  });
});
