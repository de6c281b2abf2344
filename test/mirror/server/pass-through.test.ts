import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { openSocket } from '../support/raw-talk.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startBoth, startTestMirror } from '../support/test-mirror.ts';

const bulk = '/-/npm/v1/security/advisories/bulk';
const quick = '/-/npm/v1/security/audits/quick';
const body = gzipSync(JSON.stringify({ one: ['1.0.0'] }));
const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

it('audits, whoami and search are passed on, with the client’s credential and nothing of the mirror’s', async () => {
  await using upstream = await startScriptedUpstream((request, response) => {
    request
      .on('end', () => response.writeHead(request.url === quick ? 410 : 200).end('{}'))
      .resume();
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const own = {
    authorization: 'Bearer token',
    'x-ashlar-build': 'build',
    'proxy-authorization': 'Basic Ynk6c2VjcmV0',
  };
  for (const [path, status] of [
    [bulk, 200],
    [quick, 410],
  ] as const) {
    const answer = await ask(mirror.url + path, {
      method: 'POST',
      body,
      headers: { ...headers, ...own },
    });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-ashlar-cache']).toBe('pass');
    expect(upstream.seen.at(-1)?.body.equals(body)).toBe(true);
  }
  for (const path of ['/-/whoami', '/-/v1/search?text=a%20b&size=1', '/one?write=true']) {
    await ask(mirror.url + path, { headers: own });
    await ask(mirror.url + path, { headers: own });
    expect(upstream.seen.filter((each) => each.path === path)).toHaveLength(2);
  }
  for (const seen of upstream.seen) {
    expect(seen.headers).toMatchObject({
      authorization: 'Bearer token',
      host: upstream.url.slice(7),
    });
    expect(JSON.stringify(seen.headers)).not.toMatch(/ashlar|proxy|Ynk6/);
  }
});

it('a registry that does not answer an audit does not hold up an install', async () => {
  await using upstream = await startScriptedUpstream(() => {});
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const beganMs = performance.now();
  const answer = await ask(mirror.url + bulk, { method: 'POST', body, headers, idleMs: 8_000 });
  expect(answer.status).toBe(502);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ class: 'upstream' });
  expect(performance.now() - beganMs).toBeLessThan(6_500);
});

it('an audit that comes in drops is not waited for either', async () => {
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    const drops = setInterval(() => response.write('.'), 50);
    response.once('close', () => clearInterval(drops));
  });
  const limits = { auditMs: 400 };
  await using mirror = await startTestMirror({ upstreams: [upstream.url], serve: { limits } });
  const beganMs = performance.now();
  expect((await ask(mirror.url + bulk, { method: 'POST', body, headers })).end).toBe('broken');
  expect(performance.now() - beganMs).toBeLessThan(3_000);
});

it('a client that leaves ends the request upstream, and is recorded as gone', async () => {
  const ended = Promise.withResolvers<void>();
  const come = Promise.withResolvers<void>();
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.once('close', ended.resolve);
    come.resolve();
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const socket = await openSocket(mirror);
  socket.write('GET /-/whoami HTTP/1.1\r\nHost: a\r\n\r\n');
  await come.promise;
  socket.destroy();
  await ended.promise;
  await expect.poll(() => mirror.records).toHaveLength(1);
  expect(mirror.records[0]).toMatchObject({ status: 499, outcome: { kind: 'client_gone' } });
});

it('bytes, timing and the way are told of what is passed on, and how to log in', async () => {
  await using upstream = await startScriptedUpstream((request, response) => {
    const login = {
      'www-authenticate': 'OTP',
      'server-timing': 'far;dur=1',
      'x-ashlar-cache': 'x',
    };
    const isAllowed = request.headers.authorization !== undefined;
    response.writeHead(isAllowed ? 200 : 401, login).end('x'.repeat(200_000));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const refused = await ask(`${mirror.url}/one`);
  expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'OTP']);
  const passed = await ask(`${mirror.url}/-/whoami`);
  expect([passed.status, passed.headers['www-authenticate']]).toEqual([401, 'OTP']);
  expect(passed.headers['x-ashlar-cache']).toBe('pass');
  expect(passed.headers['server-timing']).toMatch(/^far;dur=1, .*upstream;dur=[\d.]+.*total;dur=/);
  await expect.poll(() => mirror.records).toHaveLength(2);
  expect(mirror.records[1]).toMatchObject({ sentBytes: 200_000, state: 'pass' });
});

it('connections to upstream are used again, and are never too many', async () => {
  const sockets = new Set<unknown>();
  await using upstream = await startScriptedUpstream((request, response) => {
    sockets.add(request.socket);
    setTimeout(() => response.end('{}'), 20);
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const many = Array.from({ length: 100 }, () => ask(`${mirror.url}/-/whoami`));
  expect((await Promise.all(many)).every(({ status }) => status === 200)).toBe(true);
  expect(sockets.size).toBeLessThanOrEqual(32);
  await ask(`${mirror.url}/-/whoami`);
  expect(sockets.size).toBeLessThanOrEqual(32);
});

it('what is passed on goes through the proxy of the environment, unless that is told otherwise', async () => {
  await using proxy = await startScriptedUpstream((_request, response) => response.end('proxied'));
  const env = { HTTP_PROXY: proxy.url };
  const upstreams = ['http://far.registry.test'];
  await using mirror = await startTestMirror({ upstreams, core: { env } });
  expect((await ask(`${mirror.url}/-/whoami`)).body.toString()).toBe('proxied');
  expect(proxy.seen[0]?.path).toBe('http://far.registry.test/-/whoami');
  await using near = await startScriptedUpstream((_request, response) => response.end('direct'));
  await using direct = await startTestMirror({ upstreams: [near.url], core: { env } });
  expect((await ask(`${direct.url}/-/whoami`)).body.toString()).toBe('direct');
});

it.each([
  ['stops sending', false],
  ['breaks off', true],
])('an answer that upstream %s in the middle is not taken for whole', async (_what, isBroken) => {
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"half":', () => {
      if (isBroken) response.destroy();
    });
  });
  const limits = { auditMs: 400 };
  await using mirror = await startTestMirror({ upstreams: [upstream.url], serve: { limits } });
  const answer = await ask(mirror.url + bulk, { method: 'POST', body, headers, idleMs: 4_000 });
  expect(answer.end).toBe('broken');
});

it('where nobody listens upstream, the answer says so', async () => {
  await using both = await startBoth({});
  await both.registry.outage('refuse');
  const answer = await ask(`${both.mirror.url}/-/whoami`);
  expect(answer.status).toBe(502);
});

it('what upstream redirects to is followed to public and trusted addresses alone', async () => {
  await using inner = await startScriptedUpstream(
    (_request, response) => response.end('{"name":"one","versions":{}}'),
    { address: '127.0.0.9' },
  );
  const location = `${inner.url}/one`;
  const fault = { name: 'redirect', location } as const;
  const packages = [
    { name: 'one', versions: {} },
    { name: 'two', versions: {} },
  ];
  const faults = [{ fault, resource: 'one' }];
  await using strict = await startBoth({ packages, faults });
  for (let turn = 0; turn < 10; turn += 1) {
    const answer = await ask(`${strict.mirror.url}/one`);
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain('127.0.0.9 is a private address');
  }
  expect(inner.seen).toHaveLength(0);
  // That a package leads astray is no fault of the registry.
  expect(strict.mirror.core.origins()[0]).toMatchObject({ isResting: false, failuresInRow: 0 });
  await using trusting = await startBoth(
    { packages, faults },
    { config: { trustedHosts: ['127.0.0.9:1'] } },
  );
  expect((await ask(`${trusting.mirror.url}/one`)).status).toBe(200);
  for (const odd of ['file:///etc/passwd', 'http://localhost:1/', 'http://[::ffff:127.0.0.9]/']) {
    await strict.registry.setFaults([{ fault: { name: 'redirect', location: odd } }]);
    expect((await ask(`${strict.mirror.url}/two`)).status).toBe(502);
  }
});
