import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openHostClaims } from '../../../src/pull-through/host-claims.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startBoth, startTestMirror } from '../support/test-mirror.ts';

const packages = [{ name: 'one', versions: { '1.0.0': { paddingBytes: 5_000 } } }];
const path = '/one/-/one-1.0.0.tgz';

it.each([
  ['abbreviated', abbreviatedType],
  ['full', 'application/json'],
])(
  'a version that was published anew is right although an old %s packument is kept',
  async (_form, accept) => {
    let nowMs = Date.now();
    await using both = await startBoth({ packages }, { core: { nowMs: () => nowMs } });
    const { registry, mirror } = both;
    expect((await ask(`${mirror.url}/one`, { headers: { accept } })).status).toBe(200);
    await registry.put({ name: 'one', versions: { '1.0.0': { files: { 'new.js': 'anew();' } } } });
    nowMs += 60_000;
    const tarball = await ask(mirror.url + path);
    expect(tarball.status).toBe(200);
    expect(gunzipSync(tarball.body).includes('anew();')).toBe(true);
    expect((await registry.counts()).requests[`GET ${path}`]).toBe(1);
  },
);

it('that there is no such tarball is remembered for seconds', async () => {
  let nowMs = Date.now();
  await using both = await startBoth({ packages }, { core: { nowMs: () => nowMs } });
  const { registry, mirror } = both;
  const missing = '/one/-/one-7.0.0.tgz';
  const times = async (): Promise<number | undefined> =>
    (await registry.counts()).requests[`GET ${missing}`];
  for (let turn = 0; turn < 3; turn += 1)
    expect((await ask(mirror.url + missing)).status).toBe(404);
  expect(await times()).toBe(1);
  await registry.put({ name: 'one', versions: { ...packages[0]?.versions, '7.0.0': {} } });
  nowMs += 6_000;
  expect((await ask(mirror.url + missing)).status).toBe(200);
  expect(await times()).toBe(2);
});

it('what another process stored before the claim became ours is not fetched again', async () => {
  await using both = await startBoth({ packages });
  const { registry, mirror } = both;
  await using claims = await openHostClaims(join(mirror.home, 'claims'));
  let isFirst = true;
  const late = {
    ...claims,
    async claim(key: string) {
      if (isFirst && key.includes('/tarballs/')) {
        isFirst = false;
        await ask(mirror.url + path);
        await mirror.core.tarballs.settled();
      }
      return claims.claim(key);
    },
  };
  await using second = await startTestMirror({
    upstreams: [registry.url],
    home: mirror.home,
    core: { claims: late },
  });
  expect((await ask(second.url + path)).status).toBe(200);
  expect(isFirst).toBe(false);
  expect((await registry.counts()).requests[`GET ${path}`]).toBe(1);
});

it('an upstream that trickles holds no flight for ever', async () => {
  await using both = await startBoth({ packages });
  const packument = await ask(`${both.registry.url}one`, { headers: { accept: abbreviatedType } });
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument.body);
    response.writeHead(200, { 'content-length': '100000', etag: '"one"' });
    const trickle = setInterval(() => response.write('x'), 20);
    response.once('close', () => clearInterval(trickle));
  });
  await using mirror = await startTestMirror({
    upstreams: [upstream.url],
    core: {
      limits: { paceMs: 100, minBytesPerSec: 10_000 },
      retry: { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 },
    },
  });
  const answer = await ask(mirror.url + path);
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toContain('stalls');
  expect(upstream.seen.filter((one) => one.path === path)).toHaveLength(3);
});
