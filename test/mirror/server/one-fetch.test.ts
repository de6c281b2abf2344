import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { abbreviatedType, type Packument } from '../../support/npm-registry/packument.ts';
import { sha256 } from '../../support/npm-registry/recording.ts';
import { startBoth } from '../support/test-mirror.ts';

const many = 200;
const one = { name: 'one', versions: { '1.0.0': { paddingBytes: 100_000 } } };
const scoped = { name: '@some/two', versions: { '1.0.0': {}, '1.1.0': {} } };
const packages = [one, scoped];

it.each([
  ['a tarball', '/one/-/one-1.0.0.tgz', '*/*', 'GET /one/-/one-1.0.0.tgz'],
  ['a full packument', '/@some%2ftwo', 'application/json', 'GET /@some/two'],
  ['an abbreviated packument', '/one', abbreviatedType, 'GET /one (abbreviated)'],
  ['a version', '/one/1.0.0', '*/*', 'GET /one/1.0.0'],
  ['dist-tags', '/-/package/one/dist-tags', '*/*', 'GET /-/package/one/dist-tags'],
  ['the keys', '/-/npm/v1/keys', '*/*', 'GET /-/npm/v1/keys'],
])('200 clients that ask at once for %s cost one fetch', async (_what, path, accept, resource) => {
  await using both = await startBoth({ packages, latencyMs: 50 });
  const answers = await allAsk(both.mirror.url + path, accept);
  expect(new Set(answers.map(({ status, end }) => `${status} ${end}`))).toEqual(
    new Set(['200 whole']),
  );
  expect(new Set(answers.map(({ body }) => sha256(body))).size).toBe(1);
  const counts = await both.registry.counts();
  expect(counts.requests[resource]).toBe(1);
  const states = Map.groupBy(answers, ({ headers }) => headers['x-ashlar-cache']);
  expect(states.get('miss')).toHaveLength(1);
  for (const state of states.keys()) expect(state).toMatch(/^(?:miss|coalesced|hit)$/);
});

it('a failure is shared by those who wait and then forgotten', async () => {
  const down = { fault: { name: 'status', status: 503 } } as const;
  await using both = await startBoth(
    { packages, latencyMs: 20, faults: [down] },
    { core: { retry: { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 } } },
  );
  const { registry, mirror } = both;
  const url = `${mirror.url}/one`;
  const failed = await allAsk(url, '*/*');
  expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([502]));
  expect((await registry.counts()).totalRequests).toBe(3);
  await registry.setFaults([]);
  expect((await ask(url)).status).toBe(200);
});

it('clients that leave end no fetch, the first of them neither', async () => {
  await using both = await startBoth({ packages, latencyMs: 300 });
  const { registry, mirror } = both;
  const url = `${mirror.url}/one/-/one-1.0.0.tgz`;
  const leaving = await Promise.all(Array.from({ length: 5 }, () => ask(url, { idleMs: 50 })));
  expect(new Set(leaving.map(({ end }) => end))).toEqual(new Set(['stalled']));
  const stayed = await ask(url);
  expect(stayed.status).toBe(200);
  expect(stayed.headers['x-ashlar-cache']).toBe('coalesced');
  await mirror.core.tarballs.settled();
  expect((await registry.counts()).requests['GET /one/-/one-1.0.0.tgz']).toBe(1);
  expect((await ask(url)).headers['x-ashlar-cache']).toBe('hit');
  expect(mirror.records.filter(({ outcome }) => outcome.kind === 'client_gone')).toHaveLength(5);
});

it('that there is no such package is upstream’s own word, and remembered for seconds alone', async () => {
  let nowMs = Date.now();
  await using both = await startBoth({ packages }, { core: { nowMs: () => nowMs } });
  const { registry, mirror } = both;
  const url = `${mirror.url}/absent`;
  const answers = await allAsk(url, '*/*');
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect(answers[0]?.headers['cache-control']).toBe('no-store');
  expect((await registry.counts()).requests['GET /absent']).toBe(1);
  await registry.put({ name: 'absent', versions: { '1.0.0': {} } });
  expect((await ask(url)).status).toBe(404);
  nowMs += 6_000;
  expect((await ask(url)).status).toBe(200);
});

it('a tarball that is not there costs one fetch as well', async () => {
  await using both = await startBoth({ packages, latencyMs: 50 });
  const answers = await allAsk(`${both.mirror.url}/one/-/one-7.0.0.tgz`, '*/*');
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect((await both.registry.counts()).requests['GET /one/-/one-7.0.0.tgz']).toBe(1);
});

it('a version that was published a moment ago is had although its packument is kept', async () => {
  let nowMs = Date.now();
  await using both = await startBoth({ packages }, { core: { nowMs: () => nowMs } });
  const { registry, mirror } = both;
  const headers = { accept: abbreviatedType };
  expect((await ask(`${mirror.url}/one`, { headers })).status).toBe(200);
  await registry.put({ name: 'one', versions: { ...one.versions, '1.0.1': {} } });
  nowMs += 60_000;
  const kept = await ask(`${mirror.url}/one`, { headers });
  expect(kept.headers['x-ashlar-cache']).toBe('hit');
  expect(Object.keys((JSON.parse(kept.body.toString()) as Packument).versions)).toEqual(['1.0.0']);
  const tarball = await ask(`${mirror.url}/one/-/one-1.0.1.tgz`);
  expect(tarball.status).toBe(200);
  expect(gunzipSync(tarball.body).includes('"version": "1.0.1"')).toBe(true);
});

function allAsk(url: string, accept: string): Promise<WireAnswer[]> {
  const headers = { accept, 'accept-encoding': 'gzip' };
  return Promise.all(Array.from({ length: many }, () => ask(url, { headers, idleMs: 20_000 })));
}
