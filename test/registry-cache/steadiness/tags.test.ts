import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { tmpdir } from 'node:os';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const app = { name: 'team/app', reference: 'latest' };
const minuteMs = 60_000;
const budgetMs = 2_000;

describe('tags', () => {
  let upstream: RecordedOciRegistry;
  let digests: readonly string[];
  let passedMs = 0;
  const images = [1, 2].map((seed) => ({
    seed,
    layers: 2,
    layerBytes: 50_000,
    tags: [`v${seed}`],
  }));
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [{ repository: app.name, images }],
      auth: { scheme: 'bearer' },
    });
    digests = await Promise.all(
      ['v1', 'v2'].map(async (tag) => (await upstream.facts(app.name, tag)).digest),
    );
  });
  afterAll(() => upstream[Symbol.asyncDispose]());
  beforeEach(async () => {
    passedMs = 0;
    await upstream.restore();
    await upstream.change({ faults: [], auth: { scheme: 'bearer' } });
    await point('v1');
  });

  const digestOfTag = (tag: string): string => digests[tag === 'v1' ? 0 : 1] ?? '';
  const point = (tag: string): Promise<void> =>
    upstream.retag({ repository: app.name, tag: 'latest', digest: digestOfTag(tag) });
  const open = (home?: string): Promise<TestCache> =>
    startTestCache({
      upstreams: [upstream.url],
      ...(home === undefined ? {} : { home }),
      core: { nowMs: () => Date.now() + passedMs },
      serve: { nowMs: () => Date.now() + passedMs },
    });
  const latest = async (cache: TestCache) => {
    const beganMs = performance.now();
    const { status, headers } = await ask(`${cache.url}/v2/${app.name}/manifests/latest`, {
      method: 'HEAD',
    });
    const digest = headers['docker-content-digest'];
    const { warning, age } = headers;
    return { status, digest, warning, age, tookMs: performance.now() - beganMs };
  };

  it('are fresh for a minute, then confirmed by HEAD, and change when upstream has changed them', async () => {
    await using cache = await open();
    expect((await ociPull(cache.url, app)).digest).toBe(digestOfTag('v1'));
    await upstream.resetCounts();
    await point('v2');
    passedMs = minuteMs - 5_000;
    expect(await latest(cache)).toMatchObject({ digest: digestOfTag('v1'), warning: undefined });
    expect((await upstream.counts()).totalRequests).toBe(0);
    await point('v1');
    passedMs = minuteMs + 1_000;
    const answers = await Promise.all(Array.from({ length: 10 }, () => latest(cache)));
    expect(new Set(answers.map(({ digest }) => digest))).toEqual(new Set([digestOfTag('v1')]));
    expect((await upstream.counts()).requests).toEqual({ 'HEAD manifest': 1 });
    await point('v2');
    passedMs += minuteMs + 1_000;
    expect(await latest(cache)).toMatchObject({ digest: digestOfTag('v2'), warning: undefined });
    expect((await upstream.counts()).requests).toEqual({ 'HEAD manifest': 2, 'GET manifest': 1 });
    expect((await ociPull(cache.url, app)).ok).toBe(true);
  });

  it.each(['stall', 'refuse', 'reset'] as const)(
    'are given out stale in time, with a warning, while upstream is away (%s)',
    async (how) => {
      await using cache = await open();
      await ociPull(cache.url, app);
      passedMs = minuteMs + 1_000;
      const since = Date.now();
      await upstream.outage(how);
      const burst = await pullBurst(cache.url, { ...app, pulls: 20 });
      expect(burst).toMatchObject({ ok: 20, wrongBytes: 0 });
      expect(burst.p99Ms).toBeLessThan(budgetMs + 1_500);
      const stale = await latest(cache);
      expect(stale.digest).toBe(digestOfTag('v1'));
      const [, told = ''] =
        /^299 - "served stale, not confirmed since (\S+): [^"]+"$/.exec(stale.warning ?? '') ?? [];
      expect(Math.abs(Date.parse(told) - since)).toBeLessThan(10_000);
      expect(Number(stale.age)).toBeGreaterThan(59);
      // Who comes later does not wait as long once more.
      expect(stale.tookMs).toBeLessThan(budgetMs);
    },
  );

  it('are given out stale while upstream limits or fails', async () => {
    await using cache = await open();
    await ociPull(cache.url, app);
    for (const status of [429, 502]) {
      passedMs += minuteMs + 1_000;
      await upstream.change({ faults: [{ fault: { name: 'status', status } }] });
      const { ok, headers } = await ociPull(cache.url, app);
      expect([ok, headers['HEAD latest']?.['warning']?.slice(0, 6)]).toEqual([true, '299 - ']);
    }
  });

  it('come back when upstream does', async () => {
    await using cache = await open();
    await ociPull(cache.url, app);
    passedMs = minuteMs + 1_000;
    await upstream.outage('refuse');
    expect((await latest(cache)).warning).toBeDefined();
    await upstream.restore();
    await point('v2');
    await expect
      .poll(async () => (await latest(cache)).digest, { timeout: 10_000 })
      .toBe(digestOfTag('v2'));
  });

  it('that upstream has no more are gone at once when it is asked, and are not given out stale', async () => {
    await using cache = await open();
    await upstream.put({
      repository: 'team/gone',
      images: [{ seed: 7, layers: 1, layerBytes: 10_000, tags: ['latest'] }],
    });
    const gone = `${cache.url}/v2/team/gone/manifests/latest`;
    expect((await ask(gone)).status).toBe(200);
    await upstream.remove({ repository: 'team/gone', tag: 'latest' });
    passedMs = minuteMs + 1_000;
    const answer = await ask(gone);
    expect([answer.status, answer.body.toString()]).toEqual([
      404,
      expect.stringContaining('MANIFEST_UNKNOWN'),
    ]);
    await upstream.outage('refuse');
    passedMs += minuteMs;
    expect((await ask(gone)).status).not.toBe(200);
  });

  it('that may be read no more are refused at once when upstream is asked', async () => {
    await using cache = await open();
    await ociPull(cache.url, app);
    passedMs = minuteMs + 1_000;
    await upstream.change({ auth: { scheme: 'bearer', anonymous: [] } });
    await upstream.revokeTokens();
    expect((await latest(cache)).status).toBe(401);
    // What was granted has ended with it, also for what is kept by digest and while upstream is away.
    const byDigest = `${cache.url}/v2/${app.name}/manifests/${digestOfTag('v1')}`;
    expect((await ask(byDigest)).status).toBe(401);
    await upstream.outage('refuse');
    expect((await ask(byDigest)).status).not.toBe(200);
  });

  it('and all else is served by one that starts while every upstream is away', async () => {
    await using home = await createTempDir(tmpdir(), 'ashlar-cache-restart');
    {
      await using cache = await open(home.path);
      await ociPull(cache.url, app);
    }
    for (const how of ['refuse', 'stall'] as const) {
      passedMs = 3_600_000;
      await upstream.outage(how);
      await using cache = await open(home.path);
      const burst = await pullBurst(cache.url, { ...app, pulls: 5 });
      expect(burst).toMatchObject({ ok: 5, wrongBytes: 0 });
      expect(burst.p99Ms).toBeLessThan(budgetMs + 1_500);
      await upstream.restore();
    }
    await upstream.outage('refuse');
    {
      await using cache = await open(home.path);
      const unknown = await ask(`${cache.url}/v2/team/other/manifests/latest`, { idleMs: 29_000 });
      expect(unknown.status).toBe(502);
    }
    await upstream.resetCounts();
    passedMs = 0;
    await using cache = await open(home.path);
    expect((await ociPull(cache.url, app)).ok).toBe(true);
    expect((await upstream.counts()).totalRequests).toBe(0);
  });
});
