import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const name = 'acme/secret';
const credential = { username: 'anna', password: 'anna-s-pass' };
const users = { anna: { password: credential.password, repositories: ['acme/*'] } };
const anna = `Basic ${Buffer.from('anna:anna-s-pass').toString('base64')}`;
const minuteMs = 60_000;
const yearMs = 365 * 24 * 60 * minuteMs;

describe('who may read something now may not do so for ever', () => {
  let upstream: RecordedOciRegistry;
  let cache: TestCache;
  let passedMs = 0;
  beforeEach(async () => {
    passedMs = 0;
    upstream = await startRecordedOciRegistry({
      contents: [{ repository: name, images: [{ layers: 1, layerBytes: 10_000 }] }],
      auth: { scheme: 'bearer', users, anonymous: [] },
    });
    const nowMs = (): number => Date.now() + passedMs;
    cache = await startTestCache({
      upstreams: [upstream.url],
      registry: { clientCredentials: true },
      core: { nowMs, retry: { attempts: 2, baseDelayMs: 1 } },
      serve: { nowMs },
    });
  });
  afterEach(async () => {
    await cache[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  const get = (path: string, authorization?: string): Promise<WireAnswer> =>
    ask(`${cache.url}/v2/${name}/${path}`, {
      // Upstream is asked again and again before it is given up.
      idleMs: 20_000,
      headers: authorization === undefined ? {} : { authorization },
    });

  it('where a clock that was a year ahead is put right, and the right ends', async () => {
    passedMs = yearMs;
    expect((await ociPull(cache.url, { name, reference: 'latest', credential })).ok).toBe(true);
    const { digest, blobs } = await upstream.facts(name, 'latest');
    passedMs = 0;
    const paths = [`manifests/${digest}`, `blobs/${blobs[0]?.digest}`];
    for (const path of paths) expect((await get(path, anna)).status).toBe(200);
    await upstream.change({ auth: { scheme: 'bearer', users: {}, anonymous: [] } });
    await upstream.revokeTokens();
    passedMs = 6 * minuteMs;
    for (const path of paths) expect([path, (await get(path, anna)).status]).toEqual([path, 401]);
  });

  it('where upstream is away, what a list says of it is given out no longer than the image is', async () => {
    expect((await ociPull(cache.url, { name, reference: 'latest', credential })).ok).toBe(true);
    const { digest } = await upstream.facts(name, 'latest');
    const paths = ['tags/list', `referrers/${digest}`, 'manifests/latest'];
    const statuses = () =>
      Promise.all(paths.map(async (path) => [path, (await get(path, anna)).status]));
    const all = (status: number) => paths.map((path) => [path, status]);
    expect(await statuses()).toEqual(all(200));
    await upstream.outage('refuse');
    passedMs = 60 * minuteMs;
    expect(await statuses()).toEqual(all(200));
    passedMs = 70 * minuteMs;
    expect(await statuses()).toEqual(all(502));
  });

  it('and who was refused may read it as soon as upstream lets everybody', async () => {
    const { digest, blobs } = await upstream.facts(name, 'latest');
    const paths = [
      'manifests/latest',
      `manifests/${digest}`,
      `blobs/${blobs[0]?.digest}`,
      'tags/list',
      `referrers/${digest}`,
    ];
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 401]);
    for (const path of paths) expect([path, (await get(path, anna)).status]).toEqual([path, 200]);
    await upstream.change({ auth: { scheme: 'bearer', users, anonymous: ['acme/*'] } });
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 200]);
  });
});
