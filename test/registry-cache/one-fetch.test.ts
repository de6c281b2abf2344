import { afterAll, beforeAll, expect, it } from 'vitest';
import { ociPull } from '../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache } from './support/test-cache.ts';

let upstream: RecordedOciRegistry;

beforeAll(async () => {
  upstream = await startRecordedOciRegistry({
    contents: [{ repository: 'team/app', images: [{ layers: 4, layerBytes: 2e6 }] }],
    auth: { scheme: 'bearer' },
    latencyMs: 10,
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

it('a hundred pulls of one image at once cost upstream one request for each part of it, and one token', async () => {
  await using cache = await startTestCache({ upstreams: [upstream.url] });
  await upstream.resetCounts();
  const { blobs } = await upstream.facts('team/app', 'latest');
  const burst = await pullBurst(cache.url, { name: 'team/app', reference: 'latest', pulls: 100 });
  expect(burst).toMatchObject({ ok: 100, wrongBytes: 0 });
  expect((await upstream.counts()).requests).toEqual({
    'GET ping': 1,
    'GET token': 1,
    'GET manifest': 1,
    'GET blob': blobs.length,
  });
  await upstream.resetCounts();
  const warm = await ociPull(cache.url, { name: 'team/app', reference: 'latest', verify: 'all' });
  expect(warm.ok).toBe(true);
  expect((await upstream.counts()).totalRequests).toBe(0);
});
