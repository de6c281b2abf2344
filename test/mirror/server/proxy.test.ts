import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTlsAuthority } from '../../../src/tls/authority.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { openSocket, rawTalk, readUntil } from '../support/raw-talk.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { registryHost, startTestMirror, type TestMirror } from '../support/test-mirror.ts';

/** An address of this machine that hardly anybody else uses at the ports that tunnels may lead to. */
const [far, closed] = [`127.83.${process.pid % 250}.7`, `127.83.${process.pid % 250}.8`];
const opened = new AsyncDisposableStack();
let upstream: ScriptedUpstream;
let mirror: TestMirror;
let shut: TestMirror;
let echo: Server;

beforeAll(async () => {
  const one = JSON.stringify({ name: 'one', versions: {} });
  upstream = opened.use(
    await startScriptedUpstream((request, response) => {
      if (request.url === '/stall') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      } else response.end(request.url === '/one' ? one : '{"far":true}');
    }),
  );
  const options = { upstreams: [upstream.url], tls: true, config: { trustedHosts: [far, closed] } };
  mirror = opened.use(await startTestMirror(options));
  shut = opened.use(await startTestMirror({ ...options, serve: { tunnels: 'closed' } }));
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('end', () => socket.end('end')).on('data', (bytes) => socket.write(bytes));
  });
  echo.listen(8443, far);
  await once(echo, 'listening');
  opened.defer(() => void echo.close());
});
afterAll(() => opened.disposeAsync());

const connectLine = (target: string, ...lines: string[]): string =>
  [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, ...lines, '', ''].join('\r\n');
const established = 'HTTP/1.1 200 Connection Established\r\n\r\n';

describe('CONNECT', () => {
  it('to a host that is not mirrored is a tunnel of bytes, in both directions and to the end', async () => {
    const socket = await openSocket(mirror);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString('latin1');
    socket.write(Buffer.from(connectLine(`${far}:8443`) + bytes, 'latin1'));
    socket.end(Buffer.from(bytes, 'latin1'));
    expect(await readUntil(socket)).toBe(`${established}${bytes}${bytes}end`);
  });

  it('that is refused is closed soon, although its client leaves its own side open', async () => {
    const socket = await openSocket(mirror);
    socket.write(connectLine('10.1.2.3:25'));
    expect(await readUntil(socket, { until: 'alone' })).toContain('HTTP/1.1 403 ');
    // What is sent to a connection that is closed on both sides is reset.
    const { promise: reset, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    const timer = setInterval(() => socket.write('x'), 100);
    await reset;
    clearInterval(timer);
  });

  it('shows the certificate of the far server, not one of the mirror', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ashlar-far-'));
    try {
      const hosts = ['far.test'];
      const authority = await openTlsAuthority({ directory, hosts, nowMs: Date.now });
      const server = createTlsServer({ SNICallback: authority.sniCallback }, (socket) =>
        socket.end('far itself'),
      );
      server.listen(443, far);
      await once(server, 'listening');
      const socket = await openSocket(mirror);
      socket.write(connectLine(`${far}:443`));
      await readUntil(socket, { until: '\r\n\r\n' });
      const ca = await authority.caBundlePem();
      const secure = connectTls({ socket, servername: 'far.test', ca });
      await once(secure, 'secureConnect');
      expect(secure.authorized).toBe(true);
      secure.destroy();
      server.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('to a mirrored host with a dot at the end is answered here too', async () => {
    const secure = await connected(mirror, `${registryHost}.`);
    secure.write(`GET /one HTTP/1.1\r\nHost: ${registryHost}\r\nConnection: close\r\n\r\n`);
    expect(await readUntil(secure)).toContain('HTTP/1.1 200 OK');
  });

  it('to a mirrored host is answered here, by its name alone', async () => {
    const secure = await connected(mirror, registryHost);
    secure.write(`GET /one HTTP/1.1\r\nHost: ${registryHost}\r\nConnection: close\r\n\r\n`);
    expect(await readUntil(secure)).toContain('HTTP/1.1 200 OK');
    const record = mirror.records.findLast((each) => each.subject === 'one');
    expect(record).toMatchObject({ way: 'transparent', buildId: 'build-7' });
    await expect(connected(mirror, 'other.test')).rejects.toThrow(/alert|handshake|reset/i);
  });

  it.each([
    ['loopback', '127.0.0.1:8443'],
    ['loopback by name', 'localhost:443'],
    ['loopback in another spelling', '127.1:443'],
    ['loopback as a number', '2130706433:443'],
    ['loopback in IPv6', '[::1]:443'],
    ['mapped loopback', '[::ffff:127.0.0.1]:443'],
    ['the cloud’s metadata', '169.254.169.254:80'],
    ['a private network', '10.0.0.1:443'],
    ['an odd port', `${far}:25`],
    ['no port', 'example.test'],
    ['port 0', 'example.test:0'],
    ['nonsense', 'a/b:443'],
  ])('to %s is refused', async (_what, target) => {
    const answer = await rawTalk(mirror, connectLine(target));
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|403|502) /);
    expect((await ask(`${mirror.url}/one`)).status).toBe(200);
  });

  it('to anywhere but mirrored hosts is refused where tunnels are closed', async () => {
    expect(await rawTalk(shut, connectLine(`${far}:8443`))).toMatch(/^HTTP\/1\.1 403 /);
    expect((await connected(shut, registryHost)).authorized).toBe(true);
  });

  it('to where nobody listens says so', async () => {
    expect(await rawTalk(mirror, connectLine(`${closed}:8443`))).toMatch(/^HTTP\/1\.1 502 /);
  });

  it('without TLS here is a tunnel like any other, or refused', async () => {
    const serve = { tunnels: 'closed' } as const;
    await using plain = await startTestMirror({ upstreams: [upstream.url], serve });
    expect(await rawTalk(plain, connectLine(`${registryHost}:443`))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('whose client goes away leaves nothing open', async () => {
    const socket = await openSocket(mirror);
    socket.write(connectLine(`${far}:8443`));
    await readUntil(socket, { until: '\r\n\r\n' });
    socket.resetAndDestroy();
    const open = (): Promise<number> =>
      new Promise((resolve) => echo.getConnections((_error, count) => resolve(count)));
    await expect.poll(open, { timeout: 3_000 }).toBe(0);
  });
});

describe('requests with a whole address', () => {
  const get = (url: string, ...lines: string[]): string =>
    [`GET ${url} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n');

  it('go to hosts that are not mirrored, without what is the mirror’s', async () => {
    await using target = await startScriptedUpstream((_request, response) => response.end('far'), {
      address: far,
    });
    const secret = `Basic ${Buffer.from('build-8:secret').toString('base64')}`;
    const answer = await rawTalk(
      mirror,
      get(`${target.url}/a%zz?b=c`, `Proxy-Authorization: ${secret}`, 'X-Ashlar-Build: b'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*far$/s);
    expect(target.seen[0]).toMatchObject({ path: '/a%zz?b=c' });
    expect(JSON.stringify(target.seen[0]?.headers)).not.toMatch(/proxy-auth|ashlar/);
    await rawTalk(mirror, get(`http://${registryHost}/one`, `Proxy-Authorization: ${secret}`));
    expect(mirror.records.at(-1)).toMatchObject({ buildId: 'build-8', way: 'transparent' });
  });

  it.each(['localhost', '127.0.0.1', hostname()])(
    'to %s at the mirror’s own port are answered by the mirror itself',
    async (name) => {
      for (const each of [mirror, shut]) {
        const base = `http://${name}:${each.port}`;
        expect(await rawTalk(each, get(`${base}/one`))).toMatch(/^HTTP\/1\.1 200 .*"one"/s);
        expect(each.records.at(-1)).toMatchObject({ way: 'conventional', subject: 'one' });
        for (const page of ['health', 'status'])
          expect(await rawTalk(each, get(`${base}/-/ashlar/${page}`))).toMatch(/^HTTP\/1\.1 200 /);
      }
    },
  );

  it('no body becomes another request on the connection behind', async () => {
    await using target = await startScriptedUpstream((_request, response) => response.end('far'), {
      address: far,
    });
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const size = smuggled.length.toString(16);
    const head = get(`${target.url}/`, 'Transfer-Encoding: chunked').replace('GET', 'DELETE');
    await rawTalk(mirror, `${head}${size}\r\n${smuggled}\r\n0\r\n\r\n`);
    await rawTalk(mirror, get(`${target.url}/after`));
    expect(target.seen.map(({ path }) => path)).toEqual(['/after']);
  });

  it('the mirror’s own pages are not given in the place of a foreign host’s', async () => {
    await using target = await startScriptedUpstream((_request, response) => response.end('far'), {
      address: far,
    });
    expect(await rawTalk(mirror, get(`${target.url}/-/ashlar/status`))).toMatch(/far$/);
  });

  it.each([
    ['a private address', 'http://127.0.0.1:1/'],
    ['a private address by name', 'http://localhost:1/'],
    ['metadata', 'http://169.254.169.254/latest'],
    ['https', 'https://example.test/'],
    ['a mail server', `http://${far}:25/`],
  ])('to %s are refused', async (_what, url) => {
    expect(await rawTalk(mirror, get(url))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each([
    get('http://127.0.0.1:8080/'),
    get('http://localhost:8080/'),
    connectLine('127.0.0.1:8443'),
    connectLine('localhost:8443'),
  ])('that are refused for a private address say how it is allowed: %#', async (request) => {
    expect(await rawTalk(mirror, request)).toContain(
      "name the host in trustedHosts of the mirror's configuration",
    );
  });

  it('are refused where tunnels are closed', async () => {
    expect(await rawTalk(shut, get(`http://${far}/`))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('that break off there break off here', async () => {
    await using target = await startScriptedUpstream(
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
      { address: far },
    );
    const answer = await rawTalk(mirror, get(`${target.url}/`), { timeoutMs: 3_000 });
    expect(answer).toMatch(/half$/);
  });
});

async function connected(
  to: TestMirror,
  servername: string,
): Promise<ReturnType<typeof connectTls>> {
  const socket = await openSocket(to);
  const user = Buffer.from('build-7:').toString('base64');
  socket.write(connectLine(`${registryHost}:443`, `Proxy-Authorization: Basic ${user}`));
  expect(await readUntil(socket, { until: '\r\n\r\n' })).toBe(established);
  const secure = connectTls({ socket, servername, ca: to.caPem });
  await once(secure, 'secureConnect');
  return secure;
}
