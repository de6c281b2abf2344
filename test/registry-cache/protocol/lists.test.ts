import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedUpstream } from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import type { Fault } from '../../support/oci-registry/fault.ts';
import { fallbackTag } from '../../support/oci-registry/list-answers.ts';
import type { Descriptor } from '../../support/oci-registry/made-content.ts';
import { ociIndex, ociManifest } from '../../support/oci-registry/media-types.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { cacheAddress, errorCode, ways } from './support/cache-address.ts';
import { manifestText } from './support/manifest-text.ts';

const sbom = 'application/vnd.example.sbom';
const names = ['v2', 'v10', 'latest', 'V1', 'a-b', 'a.b', '1.0', '_x', 'a_b', 'Z9'];
const sorted = names.toSorted();
const tagged = { text: manifestText([]), mediaType: ociManifest, tags: names };

let upstream: RecordedOciRegistry;
let subject: Descriptor;

beforeAll(async () => {
  upstream = await startRecordedOciRegistry({
    contents: [
      { repository: 'team/app', manifests: [tagged] },
      { repository: 'team/signed', dataSets: ['artifacts-with-subject', 'image', 'sha512'] },
    ],
  });
  const tag = await ask(`${upstream.url}v2/team/signed/manifests/artifacts-with-subject`);
  ({ subject } = JSON.parse(tag.body.toString()) as { subject: Descriptor });
});
afterAll(() => upstream?.[Symbol.asyncDispose]());

const setUp = async (settings: Parameters<RecordedOciRegistry['change']>[0]): Promise<void> => {
  await upstream.change({ pageSize: 0, referrers: 'api', faults: [], ...settings });
  await upstream.resetCounts();
};
const openCache = (config = {}): Promise<TestCache> =>
  startTestCache({ upstreams: [upstream.url], config });

describe('tags', () => {
  interface Listed {
    readonly name: string;
    readonly tags: readonly string[];
    readonly link: string | null;
  }
  const listAt = async (url: string): Promise<Listed> => {
    const [head, answer] = [await ask(url, { method: 'HEAD' }), await ask(url)];
    expect([head.status, answer.status, head.body.length]).toEqual([200, 200, 0]);
    for (const name of ['content-type', 'content-length', 'link'])
      expect([name, head.headers[name]]).toEqual([name, answer.headers[name]]);
    const link = answer.headers['link']?.toString() ?? null;
    return { ...(JSON.parse(answer.body.toString()) as Listed), link };
  };

  it.each([0, 1, 3])('are all there, in order, from pages of %d of upstream', async (pageSize) => {
    await setUp({ pageSize });
    await using cache = await openCache();
    const { tags, link } = await listAt(cacheAddress(cache, 'team/app/tags/list', 'root'));
    expect([tags, link]).toEqual([sorted, null]);
    const requests = pageSize === 0 ? 1 : Math.ceil(names.length / pageSize);
    expect((await upstream.counts()).requests['GET tags']).toBe(requests);
  });

  it.each(ways)('come in pages, by links that can be followed: named by %s', async (way) => {
    await setUp({});
    await using cache = await openCache();
    const seen: string[] = [];
    let url = cacheAddress(cache, 'team/app/tags/list?n=4', way);
    for (let pages = 1; ; pages += 1) {
      const { tags, link, name } = await listAt(url);
      expect(name).toBe(way === 'path' ? 'registry.test/team/app' : 'team/app');
      seen.push(...tags);
      if (link === null) {
        expect(pages).toBe(3);
        break;
      }
      const target = /^<([^>]+)>; rel="next"$/.exec(link)?.[1] ?? '';
      url = new URL(target, cache.url).href;
    }
    expect(seen).toEqual(sorted);
    expect((await upstream.counts()).requests['GET tags']).toBe(1);
  });

  it('with n and last are those behind it, whether it is there or not', async () => {
    await setUp({});
    await using cache = await openCache();
    const list = (query: string): Promise<Listed> =>
      listAt(cacheAddress(cache, `team/app/tags/list${query}`, 'root'));
    for (const last of ['a.b', 'b', '0', 'zzz', 'V1'])
      expect((await list(`?last=${last}`)).tags).toEqual(sorted.filter((tag) => tag > last));
    for (const n of [1, 2, 10, 11, 1e6, '9'.repeat(30)])
      expect((await list(`?n=${n}`)).tags).toEqual(sorted.slice(0, Number(n)));
    expect(await list('?n=2&last=a-b')).toMatchObject({
      tags: sorted.slice(sorted.indexOf('a-b') + 1).slice(0, 2),
    });
    expect(await list('?n=0')).toMatchObject({ tags: [], link: null });
    expect(await list('?n=10')).toMatchObject({ tags: sorted, link: null });
  });

  it('of a repository that upstream does not have: its name is unknown', async () => {
    await setUp({});
    await using cache = await openCache();
    const answer = await ask(cacheAddress(cache, 'no/such/tags/list', 'root'));
    expect([answer.status, errorCode(answer)]).toEqual([404, 'NAME_UNKNOWN']);
  });

  it.each([
    ['links to a foreign host', '<http://127.0.0.9:1/v2/team/app/tags/list?last=b>; rel="next"', 2],
    ['links to another list', '</v2/other/tags/list?last=b>; rel="next"', 1],
    ['links to itself for ever', '</v2/team/app/tags/list>; rel="next"', 2],
    ['is no link', 'next', 1],
  ])('an upstream whose list %s is asked itself, and not for ever', async (_what, link, asked) => {
    await using scripted = await startScriptedUpstream((_request, response) => {
      response.setHeader('link', link).end(JSON.stringify({ name: 'x', tags: ['b', 'a', 'b'] }));
    });
    await using cache = await startTestCache({ upstreams: [scripted.url] });
    const { tags } = await listAt(cacheAddress(cache, 'team/app/tags/list', 'root'));
    expect(tags).toEqual(['a', 'b']);
    expect(scripted.seen.filter(({ path }) => path.includes('tags/list'))).toHaveLength(asked);
  });

  it.each([
    ['{"tags":"a"}', 502],
    ['[]', 502],
    ['null', 502],
    ['<html>', 502],
    ['{"name":"x","tags":null}', 200],
    ['{"name":"x","tags":[1,null,"../x","ok",""]}', 200],
  ])('an upstream that answers %s', async (body, status) => {
    await using scripted = await startScriptedUpstream((_request, response) => {
      response.end(body);
    });
    await using cache = await startTestCache({ upstreams: [scripted.url] });
    const answer = await ask(cacheAddress(cache, 'team/app/tags/list', 'root'));
    expect(answer.status).toBe(status);
    const { tags } = JSON.parse(answer.body.toString()) as { tags?: string[] };
    expect(tags).toEqual(status === 502 ? undefined : body.includes('ok') ? ['ok'] : []);
  });
});

describe('referrers', () => {
  const listOf = async (
    cache: TestCache,
    path = `team/signed/referrers/${subject.digest}`,
  ): Promise<{ manifests: Descriptor[]; filtered: unknown }> => {
    const url = cacheAddress(cache, path, 'root');
    const [head, answer] = [await ask(url, { method: 'HEAD' }), await ask(url)];
    expect([answer.status, answer.headers['content-type']]).toEqual([200, ociIndex]);
    for (const name of ['content-type', 'content-length', 'oci-filters-applied'])
      expect([name, head.headers[name]]).toEqual([name, answer.headers[name]]);
    const index = JSON.parse(answer.body.toString()) as { manifests: Descriptor[] };
    expect(index).toMatchObject({ schemaVersion: 2, mediaType: ociIndex });
    return { manifests: index.manifests, filtered: answer.headers['oci-filters-applied'] };
  };
  const right = async (): Promise<Descriptor[]> => {
    await setUp({});
    const answer = await ask(`${upstream.url}v2/team/signed/referrers/${subject.digest}`);
    return (JSON.parse(answer.body.toString()) as { manifests: Descriptor[] }).manifests;
  };

  it.each([
    ['its list', { referrers: 'api' }],
    ['its list, in pages', { referrers: 'api', pageSize: 1 }],
    ['a fallback tag', { referrers: 'tag' }],
  ] as const)('are those that upstream has by %s', async (_how, settings) => {
    const expected = await right();
    expect(expected).toHaveLength(2);
    await setUp(settings);
    await using cache = await openCache();
    expect(await listOf(cache)).toEqual({ manifests: expected, filtered: undefined });
    const query = `?artifactType=${encodeURIComponent(sbom)}`;
    const path = `team/signed/referrers/${subject.digest}${query}`;
    expect(await listOf(cache, path)).toEqual({
      manifests: expected.filter(({ artifactType }) => artifactType === sbom),
      filtered: 'artifactType',
    });
    const none = path.replace(/=.*/, '=application/x.none');
    expect(await listOf(cache, none)).toEqual({ manifests: [], filtered: 'artifactType' });
    // Asked once for all three.
    const { requests } = await upstream.counts();
    expect(requests['GET referrers']).toBe('pageSize' in settings ? 2 : 1);
  });

  it('are none where upstream has no list and no tag, and where nothing refers', async () => {
    await setUp({ referrers: 'none' });
    await using cache = await openCache();
    expect((await listOf(cache)).manifests).toEqual([]);
    await setUp({});
    const { digest } = await upstream.facts('team/signed', 'sha512');
    expect(digest).toMatch(/^sha512:/);
    expect((await listOf(cache, `team/signed/referrers/${digest}`)).manifests).toEqual([]);
  });

  const failures: readonly Fault[] = [
    { name: 'status', status: 500 },
    { name: 'status', status: 503 },
    { name: 'status', status: 429 },
    { name: 'status', status: 403 },
    { name: 'status', status: 400 },
    { name: 'reset' },
    { name: 'stall' },
    { name: 'html' },
    { name: 'truncated' },
    { name: 'redirect-loop' },
  ];
  const patience = {
    timeouts: { headersMs: 100, bodyIdleMs: 100 },
    retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 5 },
  };

  it.each([
    ...failures.map((fault) => [fault, 'api', 'referrers'] as const),
    ...failures.map((fault) => [fault, 'tag', 'manifest'] as const),
  ])('never become an empty list by a failure: %j with %s', async (fault, referrers, kind) => {
    await setUp({ referrers, faults: [{ fault, kinds: [kind] }] });
    await using cache = await startTestCache({ upstreams: [upstream.url], core: patience });
    const url = cacheAddress(cache, `team/signed/referrers/${subject.digest}`, 'root');
    const answer = await ask(url);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect([200, 404]).not.toContain(answer.status);
    expect(errorCode(answer)).not.toMatch(/UNKNOWN$/);
    await setUp({ referrers });
    await expect.poll(async () => (await ask(url)).status, { timeout: 5_000 }).toBe(200);
    expect((await listOf(cache)).manifests).toHaveLength(2);
  });

  it('outlive an upstream that fails, with a warning', async () => {
    await setUp({});
    await using cache = await openCache({ tagMaxAgeSec: 0 });
    const before = await listOf(cache);
    const faults = [{ fault: { name: 'status', status: 503 }, kinds: ['referrers'] }] as const;
    await setUp({ faults });
    const url = cacheAddress(cache, `team/signed/referrers/${subject.digest}`, 'root');
    expect((await ask(url)).headers['warning']).toMatch(/^299 - "served stale/);
    expect(await listOf(cache)).toEqual(before);
  });

  it.each([
    ['is not there', 404, 502],
    ['fails', 503, 502],
    ['begins anew', 200, 502],
  ])('are not cut short where the next page %s', async (_what, status, expected) => {
    const path = `/v2/team/app/referrers/${subject.digest}`;
    await using scripted = await startScriptedUpstream((request, response) => {
      const isFirst = request.url === path;
      const isThere = isFirst || (status === 200 && request.url?.startsWith(path) === true);
      response.setHeader('content-type', ociIndex).setHeader('link', `<${path}?p=2>; rel="next"`);
      response.writeHead(isThere ? 200 : request.url?.startsWith(path) === true ? status : 404);
      response.end('{"schemaVersion":2,"manifests":[]}');
    });
    await using cache = await startTestCache({ upstreams: [scripted.url], core: patience });
    const answer = await ask(cache.url + path);
    expect([answer.status, errorCode(answer)]).toEqual([expected, 'UNAVAILABLE']);
    expect(scripted.seen.length).toBeLessThan(8);
  });

  it.each([
    ['an image', manifestText([])],
    ['something else', '{"schemaVersion":2}'],
  ])('are not made up from a fallback tag that stands for %s', async (_what, text) => {
    await using other = await startRecordedOciRegistry({
      referrers: 'none',
      contents: [
        {
          repository: 'team/odd',
          manifests: [{ text, mediaType: ociManifest, tags: [fallbackTag(subject.digest)] }],
        },
      ],
    });
    await using cache = await startTestCache({ upstreams: [other.url] });
    const answer = await ask(cacheAddress(cache, `team/odd/referrers/${subject.digest}`, 'root'));
    expect(answer.status).toBe(502);
  });
});
