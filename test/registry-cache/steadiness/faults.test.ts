import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import type { Fault, FaultRule } from '../../support/oci-registry/fault.ts';
import { mixedFaults } from '../../support/oci-registry/fault.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache, type TestCacheOptions } from '../support/test-cache.ts';

const layers = 3;
/** For what lasts: upstream rests before it is asked that often. */
const few = { attempts: 3, baseDelayMs: 1, maxDelayMs: 5 };
const app = { name: 'team/app', reference: 'latest' };

/** Each of them is over when it is asked again. */
const passing: readonly (readonly [string, Fault])[] = [
  ['429 with Retry-After', { name: 'status', status: 429, retryAfterSec: 1 }],
  ['429', { name: 'status', status: 429 }],
  ['500', { name: 'status', status: 500 }],
  ['502', { name: 'status', status: 502 }],
  ['503', { name: 'status', status: 503, retryAfterSec: 0 }],
  ['reset', { name: 'reset' }],
  ['reset in the body', { name: 'reset-in-body' }],
  ['stall', { name: 'stall' }],
  ['stall in the body', { name: 'stall-in-body' }],
  ['truncated', { name: 'truncated' }],
  ['ended early and in order', { name: 'short' }],
  ['one bit is another', { name: 'corrupt' }],
  ['other bytes', { name: 'wrong-body' }],
  ['a page', { name: 'html' }],
  ['a body that is longer', { name: 'wrong-length', byBytes: 100 }],
  ['a body that is shorter', { name: 'wrong-length', byBytes: -100 }],
  ['slow headers', { name: 'slow-headers', delayMs: 3_000 }],
];

describe('a registry with faults', () => {
  let upstream: RecordedOciRegistry;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [{ repository: app.name, images: [{ layers, layerBytes: 1_500_000 }] }],
      auth: { scheme: 'bearer' },
    });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());
  beforeEach(async () => {
    await upstream.change({ faults: [], rateLimit: null });
    await upstream.restore();
    await upstream.resetCounts();
  });

  const open = (options: Partial<TestCacheOptions> = {}): Promise<TestCache> =>
    startTestCache({
      upstreams: [upstream.url],
      ...options,
      core: {
        timeouts: { headersMs: 700, bodyIdleMs: 500 },
        // Layers go through files here, and their beginnings to clients before they are verified.
        limits: {
          wholeBytes: 400_000,
          holdBackBytes: 100_000,
          minBytesPerSec: 50_000,
          paceMs: 700,
        },
        ...options.core,
      },
    });

  it.each(passing)('%s: no pull fails, and no byte is wrong', async (_name, fault) => {
    await using cache = await open();
    const rules: FaultRule[] = [{ fault, kinds: ['manifest', 'blob', 'token'], attempts: [1] }];
    await upstream.change({ faults: rules });
    const isWrongLate = fault.name === 'corrupt' || fault.name === 'wrong-body';
    const burst = await pullBurst(cache.url, {
      ...app,
      pulls: 8,
      // What was sent before it turned out to be wrong cannot be called back: that answer breaks off.
      retries: isWrongLate ? 1 : 0,
    });
    expect(burst).toMatchObject({ ok: 8, wrongBytes: 0, failures: {} });
    expect((await upstream.counts()).faults[fault.name]).toBeGreaterThanOrEqual(layers);
    await upstream.outage('refuse');
    expect((await ociPull(cache.url, app)).ok).toBe(true);
  });

  it('all of them mixed, in a third of all answers', async () => {
    await using cache = await open();
    await upstream.change({ faults: mixedFaults(0.05) });
    for (let round = 0; round < 4; round += 1) {
      await upstream.put({
        repository: app.name,
        images: [{ seed: 10 + round, layers: 6, layerBytes: 600_000, tags: [`round-${round}`] }],
      });
      const reference = `round-${round}`;
      const burst = await pullBurst(cache.url, { ...app, reference, pulls: 6, retries: 2 });
      expect(burst).toMatchObject({ ok: 6, wrongBytes: 0, failures: {} });
    }
    expect(Object.keys((await upstream.counts()).faults).length).toBeGreaterThan(2);
  });

  it('goes on by Range behind what has come when a body breaks off, again and again', async () => {
    await using cache = await open();
    const fault = { name: 'reset-in-body', afterBytes: 300_000 } as const;
    await upstream.change({
      faults: [{ fault, kinds: ['blob'], minBytes: 310_000, attempts: [1, 2, 3, 4] }],
    });
    const { ok, retries } = await ociPull(cache.url, { ...app, concurrency: 1 });
    expect([ok, retries]).toEqual([true, 0]);
    const { statuses } = await upstream.counts();
    expect([statuses['GET blob 206'], statuses['GET blob 200']]).toEqual([layers * 4, layers + 1]);
  });

  it('a body that drips is asked for again where it is', async () => {
    await using cache = await open();
    const fault = { name: 'drip', bytesPerSec: 20_000 } as const;
    await upstream.change({
      faults: [{ fault, kinds: ['blob'], minBytes: 100_000, attempts: [1] }],
    });
    const { ok, failures } = await ociPull(cache.url, app);
    expect([ok, failures]).toEqual([true, []]);
    expect((await upstream.counts()).statuses['GET blob 206']).toBe(layers);
  });

  const lasting: readonly (readonly [string, Fault, number])[] = [
    ['limits', { name: 'status', status: 429 }, 429],
    ['fails', { name: 'status', status: 503 }, 502],
    ['resets', { name: 'reset' }, 502],
    ['says nothing', { name: 'stall' }, 502],
    ['sends pages', { name: 'html' }, 502],
    ['redirects in a circle', { name: 'redirect-loop' }, 502],
    ['redirects to a private address', { name: 'redirect', location: 'http://10.9.8.7/x' }, 502],
    [
      'redirects to no address of the web',
      { name: 'redirect', location: 'file:///etc/passwd' },
      502,
    ],
  ];
  it.each(lasting)(
    'one that %s for good is told of as that, and never as 404',
    async (_name, fault, status) => {
      await using cache = await open({ core: { timeouts: { headersMs: 120 }, retry: few } });
      await upstream.change({ faults: [{ fault, kinds: ['manifest', 'blob', 'tags'] }] });
      const { blobs } = await upstream.facts(app.name, app.reference);
      const blob = `blobs/${blobs[0]?.digest}`;
      const paths =
        status === 429 ? ['manifests/latest', blob, 'tags/list'] : ['manifests/latest', blob];
      for (const path of paths) {
        const answer = await ask(`${cache.url}/v2/${app.name}/${path}`, { idleMs: 20_000 });
        expect([path, answer.status]).toEqual([path, status]);
        const { errors } = JSON.parse(answer.body.toString()) as { errors: { code: string }[] };
        expect(errors[0]?.code).toBe(status === 429 ? 'TOOMANYREQUESTS' : 'UNAVAILABLE');
        expect(answer.headers['retry-after'] !== undefined).toBe(status === 429);
      }
      await upstream.change({ faults: [] });
      expect((await ociPull(cache.url, app)).ok).toBe(true);
    },
  );

  it.each([
    ['limits', { name: 'status', status: 429 }, 429],
    ['fails', { name: 'status', status: 503 }, 502],
    ['sends pages', { name: 'html' }, 502],
    ['says nothing', { name: 'stall' }, 502],
  ] as const)('a token service that %s is told of as that', async (_name, fault, status) => {
    await using cache = await open({ core: { timeouts: { headersMs: 120 }, retry: few } });
    await upstream.change({ faults: [{ fault, kinds: ['token'] }] });
    const answer = await ask(`${cache.url}/v2/${app.name}/manifests/latest`, { idleMs: 20_000 });
    expect(answer.status).toBe(status);
    await upstream.change({ faults: [] });
    expect((await ociPull(cache.url, app)).ok).toBe(true);
  });
});
