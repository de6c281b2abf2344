import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import type { ImageFacts } from '../../support/oci-registry/registry-content.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const image = { layers: 2, layerBytes: 6_000_000 };

describe('one request to upstream', () => {
  let upstream: RecordedOciRegistry;
  let facts: ImageFacts;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: ['team/app', 'team/other'].map((repository) => ({ repository, images: [image] })),
      auth: { scheme: 'bearer' },
    });
    facts = await upstream.facts('team/app', 'latest');
  });
  afterAll(() => upstream[Symbol.asyncDispose]());

  const open = async (): Promise<TestCache> => {
    await upstream.change({ faults: [], latencyMs: 20, bytesPerSec: 0 });
    await upstream.restore();
    await upstream.resetCounts();
    return startTestCache({ upstreams: [upstream.url] });
  };
  const layer = () => {
    const found = facts.blobs.find(({ size }) => size > 5_000_000);
    if (found === undefined) throw new TypeError('no layer');
    return found;
  };

  it('for a blob that is asked for whole, by parts, and by HEAD, at once', async () => {
    await using cache = await open();
    await upstream.change({ bytesPerSec: 12_000_000 });
    const { digest, size } = layer();
    const url = `${cache.url}/v2/team/app/blobs/${digest}`;
    const parts = [
      [0, 1_000],
      [3_000_000, 3_000_999],
      [size - 500, size - 1],
      [0, size - 1],
    ] as const;
    const [wholes, ranges, heads] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => ask(url))),
      Promise.all(
        parts.map(([from, to]) => ask(url, { headers: { range: `bytes=${from}-${to}` } })),
      ),
      Promise.all(Array.from({ length: 5 }, () => ask(url, { method: 'HEAD' }))),
    ]);
    expect(wholes.map(({ status, end, body }) => [status, end, digestOf(body)])).toEqual(
      wholes.map(() => [200, 'whole', digest]),
    );
    const [whole] = wholes;
    for (const [at, [from, to]] of parts.entries()) {
      const part = ranges[at];
      expect([part?.status, part?.end]).toEqual([206, 'whole']);
      expect(part?.headers['content-range']).toBe(`bytes ${from}-${to}/${size}`);
      expect(part?.body.equals(whole?.body.subarray(from, to + 1) ?? Buffer.of(0))).toBe(true);
    }
    expect(heads.map((head) => [head.status, head.headers['content-length']])).toEqual(
      heads.map(() => [200, String(size)]),
    );
    expect((await upstream.counts()).requests).toEqual({
      'GET ping': 1,
      'GET token': 1,
      'HEAD blob': 1,
      'GET blob': 1,
    });
  });

  it('for all heads and bodies of a tag, and of a digest', async () => {
    await using cache = await open();
    const at = (reference: string) => `${cache.url}/v2/team/app/manifests/${reference}`;
    const many = (reference: string, method: string) =>
      Array.from({ length: 8 }, () => ask(at(reference), { method }));
    const answers = await Promise.all([...many('latest', 'HEAD'), ...many('latest', 'GET')]);
    expect(
      answers.map(({ status, headers }) => [status, headers['docker-content-digest']]),
    ).toEqual(answers.map(() => [200, facts.digest]));
    await Promise.all([...many(facts.digest, 'HEAD'), ...many(facts.digest, 'GET')]);
    const { requests, tokensIssued } = await upstream.counts();
    expect([requests['GET manifest'], requests['HEAD manifest'], tokensIssued]).toEqual([
      1,
      undefined,
      1,
    ]);
  });

  it('a second repository with the same blobs costs one HEAD for each and no GET', async () => {
    await using cache = await open();
    const first = await ociPull(cache.url, { name: 'team/app', reference: 'latest' });
    await cache.core.blobs.settled();
    await upstream.resetCounts();
    const pulls = await Promise.all(
      Array.from({ length: 10 }, () =>
        ociPull(cache.url, { name: 'team/other', reference: 'latest' }),
      ),
    );
    expect([first, ...pulls].map(({ ok }) => ok)).not.toContain(false);
    const { requests } = await upstream.counts();
    expect([requests['HEAD blob'], requests['GET blob']]).toEqual([facts.blobs.length, undefined]);
    await upstream.outage('refuse');
    expect((await ociPull(cache.url, { name: 'team/other', reference: 'latest' })).ok).toBe(true);
  });

  it('repositories that ask for the same blob at once share the fetch', async () => {
    await using cache = await open();
    await upstream.change({ bytesPerSec: 20_000_000 });
    const pulls = ['team/app', 'team/other', 'team/app', 'team/other'].map((name) =>
      ociPull(cache.url, { name, reference: 'latest' }),
    );
    expect((await Promise.all(pulls)).map(({ failures }) => failures)).toEqual([[], [], [], []]);
    const { requests } = await upstream.counts();
    expect(requests['GET blob']).toBe(facts.blobs.length);
  });

  it('the fetch goes on when all who asked for it are gone', async () => {
    await using cache = await open();
    await upstream.change({ bytesPerSec: 8_000_000 });
    const { digest } = layer();
    const url = `${cache.url}/v2/team/app/blobs/${digest}`;
    const leaving = await Promise.all([1, 2, 3].map(() => beginAndLeave(url)));
    expect(leaving).toEqual([200, 200, 200]);
    await cache.core.blobs.settled();
    await upstream.outage('refuse');
    const kept = await ask(url);
    expect([kept.status, kept.end, digestOf(kept.body)]).toEqual([200, 'whole', digest]);
    expect((await upstream.counts()).requests['GET blob']).toBe(1);
  });

  it('a failure is told to all who wait for it, and then forgotten', async () => {
    await using cache = await open();
    const fault = { name: 'status', status: 503 } as const;
    await upstream.change({ faults: [{ fault }], latencyMs: 30 });
    const { digest } = layer();
    const paths = [`blobs/${digest}`, `manifests/${facts.digest}`, 'manifests/latest'];
    for (const path of paths) {
      const url = `${cache.url}/v2/team/app/${path}`;
      await upstream.change({ faults: [{ fault }], latencyMs: 30 });
      await upstream.resetCounts();
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]));
      // One of them asked, as often as it is asked again, and then rested.
      expect((await upstream.counts()).totalRequests).toBeLessThanOrEqual(8);
      await upstream.change({ faults: [] });
      expect((await ask(url)).status).toBe(200);
    }
  });
});

/** The status; the connection is closed when the first bytes are there. */
async function beginAndLeave(url: string): Promise<number> {
  const controller = new AbortController();
  const response = await fetch(url, { signal: controller.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  controller.abort();
  return response.status;
}
