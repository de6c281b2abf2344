import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType, type Packument } from '../../support/npm-registry/packument.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { registryHost, startBoth, startTestMirror } from '../support/test-mirror.ts';

const one = { name: 'one', versions: { '1.0.0': {} } };
const two = { name: 'one', versions: { '1.0.0': {}, '2.0.0': {} } };
const packages = [one];
const always = { config: { maxAgeSec: 0 } };
const failsAtOnce = { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 };

it('what upstream says is unchanged is not sent again', async () => {
  await using both = await startBoth({ packages }, always);
  const { registry, mirror } = both;
  const first = await ask(`${mirror.url}/one`);
  const { bodyBytes } = await registry.counts();
  const second = await ask(`${mirror.url}/one`);
  expect(first.headers['x-ashlar-cache']).toBe('miss');
  expect(second.headers['x-ashlar-cache']).toBe('revalidated');
  expect(second.body.equals(first.body)).toBe(true);
  expect((await registry.counts()).bodyBytes).toBe(bodyBytes);
});

it('what has changed upstream replaces what was kept: versions come and go', async () => {
  await using both = await startBoth({ packages }, always);
  const { registry, mirror } = both;
  const versions = async (): Promise<string[]> => versionsIn((await ask(`${mirror.url}/one`)).body);
  expect(await versions()).toEqual(['1.0.0']);
  await registry.put(two);
  expect(await versions()).toEqual(['1.0.0', '2.0.0']);
  await registry.put({ name: 'one', versions: { '2.0.0': {} } });
  expect(await versions()).toEqual(['2.0.0']);
});

it('a package that was removed is gone, and does not come back when upstream is down', async () => {
  const core = { retry: failsAtOnce };
  let nowMs = Date.now();
  await using both = await startBoth(
    { packages },
    { ...always, core: { ...core, nowMs: () => nowMs } },
  );
  const { registry, mirror } = both;
  expect((await ask(`${mirror.url}/one`)).status).toBe(200);
  await registry.remove('one');
  expect((await ask(`${mirror.url}/one`)).status).toBe(404);
  await registry.outage('refuse');
  nowMs += 60_000;
  expect((await ask(`${mirror.url}/one`)).status).toBe(502);
});

it('a registry that says once that a package is gone is asked again', async () => {
  await using both = await startBoth({ packages }, always);
  const { registry, mirror } = both;
  await ask(`${mirror.url}/one`);
  const fault = { name: 'status', status: 404 } as const;
  await registry.setFaults([{ fault, attempts: [2] }]);
  expect((await ask(`${mirror.url}/one`)).status).toBe(200);
});

it('clients have a tag for each form, encoding and address, and 304 for it', async () => {
  await using both = await startBoth({ packages });
  const { mirror } = both;
  const tags = new Set<string>();
  for (const accept of ['application/json', abbreviatedType]) {
    for (const encoding of ['gzip', 'identity']) {
      for (const host of [registryHost, 'mirror.test', 'mirror.test:8080']) {
        const headers = { accept, 'accept-encoding': encoding, host };
        const got = await ask(`${mirror.url}/one`, { headers });
        const etag = got.headers.etag ?? '';
        expect(got.headers.vary).toBe('accept, accept-encoding');
        tags.add(etag);
        const known = await ask(`${mirror.url}/one`, {
          headers: { ...headers, 'if-none-match': `"other", W/${etag}` },
        });
        expect(known).toMatchObject({ status: 304, headers: { etag } });
        expect(known.body).toHaveLength(0);
      }
    }
  }
  expect(tags.size).toBe(12);
});

it('conditions by date, and HEAD, as pnpm asks', async () => {
  const lastModified = 'Wed, 01 Jan 2020 00:00:00 GMT';
  await using both = await startBoth({ packages: [{ ...one, lastModified }] });
  const url = `${both.mirror.url}/one`;
  const head = await ask(url, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  expect(head).toMatchObject({ status: 200, headers: { 'last-modified': lastModified } });
  expect(head.body).toHaveLength(0);
  const since = (date: string, more = {}): Promise<{ readonly status: number }> =>
    ask(url, { headers: { 'if-modified-since': date, ...more } });
  expect((await since(lastModified)).status).toBe(304);
  expect((await since('Tue, 31 Dec 2019 00:00:00 GMT')).status).toBe(200);
  expect((await since('yesterday')).status).toBe(200);
  expect((await since(lastModified, { 'if-none-match': '"other"' })).status).toBe(200);
});

it('stale packuments go out while upstream is down, within the bound and not beyond', async () => {
  let nowMs = Date.now();
  await using both = await startBoth(
    { packages },
    {
      config: { maxAgeSec: 60, maxStaleSec: 3600 },
      core: { nowMs: () => nowMs, retry: failsAtOnce },
    },
  );
  const { registry, mirror } = both;
  const right = await ask(`${mirror.url}/one`);
  await registry.outage('reset');
  nowMs += 61_000;
  const stale = await ask(`${mirror.url}/one`);
  expect(stale).toMatchObject({ status: 200, headers: { 'x-ashlar-cache': 'stale' } });
  expect(stale.headers.warning).toMatch(/^111 ashlar "not confirmed since [^"]*"$/);
  expect(stale.headers['cache-control']).toBe('public, max-age=0');
  expect(stale.body.equals(right.body)).toBe(true);
  nowMs += 3600_000;
  expect((await ask(`${mirror.url}/one`)).status).toBe(502);
  await registry.restore();
  expect((await ask(`${mirror.url}/one`)).headers['x-ashlar-cache']).toBe('revalidated');
});

it('while upstream is slow, the stale one comes within the budget, and the fresh one later', async () => {
  await using both = await startBoth(
    { packages },
    { ...always, core: { settings: { freshBudgetMs: 200 } } },
  );
  const { registry, mirror } = both;
  const url = `${mirror.url}/one`;
  await ask(url);
  await registry.put(two);
  await registry.setLatency(1_500);
  const beganMs = performance.now();
  expect((await ask(url)).headers['x-ashlar-cache']).toBe('stale');
  expect(performance.now() - beganMs).toBeLessThan(1_000);
  // Nobody waits twice for the same answer.
  const laterMs = performance.now();
  for (let turn = 0; turn < 5; turn += 1) await ask(url);
  expect(performance.now() - laterMs).toBeLessThan(500);
  await expect
    .poll(async () => (await ask(url)).body.toString(), { timeout: 5_000 })
    .toContain('2.0.0');
});

it('a tarball once seen is served with upstream down, after a restart too, and without packument', async () => {
  await using registry = await startRecordedRegistry({ packages, publicHost: registryHost });
  await using first = await startTestMirror({ upstreams: [registry.url] });
  const right = await ask(`${first.url}/one/-/one-1.0.0.tgz`);
  await first.core.tarballs.settled();
  await registry.outage('refuse');
  const kept = await ask(`${first.url}/one/-/one-1.0.0.tgz`);
  expect(kept.headers['x-ashlar-cache']).toBe('hit');
  const restarted = { upstreams: [registry.url], home: first.home };
  await using second = await startTestMirror(restarted);
  for (const spelling of ['/one/-/one-1.0.0.tgz', '/one/-/one-1.0.0.tgz?cache=0']) {
    const after = await ask(second.url + spelling);
    expect(after).toMatchObject({ status: 200, headers: { 'x-ashlar-cache': 'hit' } });
    expect(after.body.equals(right.body)).toBe(true);
  }
  const part = await ask(`${second.url}/one/-/one-1.0.0.tgz`, {
    headers: { range: 'bytes=10-19' },
  });
  expect(part.status).toBe(206);
  expect(part.body.equals(right.body.subarray(10, 20))).toBe(true);
});

function versionsIn(body: Buffer): string[] {
  return Object.keys((JSON.parse(body.toString()) as Packument).versions);
}

it('a clock that was a month ahead keeps nothing fresh, and nothing absent, once it is right', async () => {
  let nowMs = Date.now() + 30 * 86_400_000;
  await using both = await startBoth(
    { packages },
    { core: { retry: failsAtOnce, nowMs: () => nowMs }, serve: { nowMs: () => nowMs } },
  );
  const { registry, mirror } = both;
  await ask(`${mirror.url}/one`);
  expect((await ask(`${mirror.url}/later`)).status).toBe(404);
  nowMs = Date.now();
  await registry.put(two);
  await registry.put({ name: 'later', versions: { '1.0.0': {} } });
  const now = await ask(`${mirror.url}/one`);
  expect(versionsIn(now.body)).toEqual(['1.0.0', '2.0.0']);
  expect(now.headers['cache-control']).toBe('public, max-age=300');
  expect((await ask(`${mirror.url}/later`)).status).toBe(200);
});
