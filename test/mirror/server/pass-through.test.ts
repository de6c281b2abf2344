import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
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
