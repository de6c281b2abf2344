import { describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { registryName, startTestCache } from '../support/test-cache.ts';

const app = { name: 'team/app', reference: 'latest' };
const contents = [{ repository: app.name, images: [{ layers: 3, layerBytes: 700_000 }] }];
const auth = { scheme: 'bearer' } as const;

describe('several endpoints for a registry', () => {
  it('the next one is asked when the first fails, and the first again when it is back', async () => {
    await using first = await startRecordedOciRegistry({ contents, auth });
    await using second = await startRecordedOciRegistry({ contents, auth });
    await using cache = await startTestCache({ upstreams: [first.url, second.url] });
    await first.outage('reset');
    expect(await pullBurst(cache.url, { ...app, pulls: 5 })).toMatchObject({ ok: 5 });
    expect((await second.counts()).requests['GET blob']).toBe(4);
    await first.restore();
    await second.outage('reset');
    await first.put({
      repository: 'team/new',
      images: [{ seed: 3, layers: 1, layerBytes: 1_000 }],
    });
    expect((await ociPull(cache.url, { ...app, name: 'team/new' })).ok).toBe(true);
  });

  it('what one has wrongly is taken from the other', async () => {
    await using first = await startRecordedOciRegistry({
      contents,
      auth,
      faults: [{ fault: { name: 'corrupt' }, kinds: ['blob'], minBytes: 1_000 }],
    });
    await using second = await startRecordedOciRegistry({ contents, auth });
    await using cache = await startTestCache({ upstreams: [first.url, second.url] });
    // The first answers every time: who keeps asking it never gets on.
    const pulled = await pullBurst(cache.url, { ...app, pulls: 4, retries: 1 });
    expect(pulled.wrongBytes).toBe(0);
    expect(pulled.ok).toBe(4);
  });
});

describe('bytes that turn out to be wrong at the end of a large blob', () => {
  it('end in a broken connection for all who read them, are thrown away, and the next are right', async () => {
    const size = 12_000_000;
    await using upstream = await startRecordedOciRegistry({
      contents: [{ repository: app.name, images: [{ layers: 1, layerBytes: size }] }],
      bytesPerSec: 24_000_000,
    });
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      core: {
        retry: { attempts: 1 },
        limits: { wholeBytes: 1_000_000, holdBackBytes: 256_000, heldMs: 0 },
      },
    });
    const { blobs } = await upstream.facts(app.name, app.reference);
    const layer = blobs.find((blob) => blob.size > 1_000_000);
    const url = `${cache.url}/v2/${app.name}/blobs/${layer?.digest}`;
    await upstream.change({
      faults: [{ fault: { name: 'corrupt' }, attempts: [1], method: 'GET' }],
    });
    const range = { headers: { range: `bytes=${size - 1_000}-` } };
    const [one, other, tail] = await Promise.all([ask(url), ask(url), ask(url, range)]);
    expect([one?.end, other?.end]).toEqual(['broken', 'broken']);
    expect(one?.body.length).toBeGreaterThan(0);
    // Nothing of its part was given: it has an honest answer, or nothing.
    expect([tail?.status === 502 || tail?.end === 'broken', tail?.status]).not.toContain(206);
    const next = await ask(url);
    expect([next.status, next.end, digestOf(next.body)]).toEqual([200, 'whole', layer?.digest]);
  });
});

describe('the limit of a registry', () => {
  it('is told of in the status', async () => {
    await using upstream = await startRecordedOciRegistry({
      contents,
      rateLimit: { limit: 100, remaining: 6 },
    });
    await using cache = await startTestCache({ upstreams: [upstream.url] });
    await ociPull(cache.url, app);
    const status = await ask(`${cache.url}/-/ashlar/status`);
    const { registries, findings } = JSON.parse(status.body.toString()) as {
      registries: { name: string; rateLimit: object }[];
      findings: { fault: string; message: string }[];
    };
    expect(registries).toMatchObject([
      { name: registryName, rateLimit: { limit: 100, remaining: 5, windowSec: 21_600 } },
    ]);
    expect(findings.map(({ message }) => message).join()).toContain('5 of 100 pulls');
  });

  it('that is used up is told clients as 429, and what is kept is pulled all the same', async () => {
    await using upstream = await startRecordedOciRegistry({
      contents: [
        ...contents,
        { repository: 'team/b', images: [{ seed: 2, layers: 1, layerBytes: 1_000 }] },
      ],
      rateLimit: { limit: 1 },
    });
    await using cache = await startTestCache({ upstreams: [upstream.url] });
    expect((await ociPull(cache.url, app)).ok).toBe(true);
    const other = await ask(`${cache.url}/v2/team/b/manifests/latest`);
    expect([other.status, other.headers['retry-after']]).toEqual([429, expect.any(String)]);
    expect((await ociPull(cache.url, app)).ok).toBe(true);
  });
});
