import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { dataSetNames } from '../../support/oci-registry/data-sets.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociIndex } from '../../support/oci-registry/media-types.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { cacheAddress, ways } from './support/cache-address.ts';

const ranged = Buffer.from(Array.from({ length: 2048 }, (_, at) => (at * 7) % 251));
const nothing = Buffer.alloc(0);
const braces = Buffer.from('{}');
const algorithms = ['sha256', 'sha512'] as const;
const alone = [ranged, nothing, braces].flatMap((bytes) =>
  algorithms.map((algorithm) => ({ base64: bytes.toString('base64'), algorithm })),
);

const blobType = 'application/octet-stream';
let upstream: RecordedOciRegistry;

beforeAll(async () => {
  upstream = await startRecordedOciRegistry({
    contents: [{ repository: 'data/sets', dataSets: 'all', blobs: alone }],
    auth: { scheme: 'bearer' },
  });
});
afterAll(() => upstream?.[Symbol.asyncDispose]());

/** The read-only cases of the specification's conformance suite, each through an empty cache, and then without upstream. */
describe.each(ways)('the conformance cases, the registry named by %s', (way) => {
  let cache: TestCache;
  beforeAll(async () => {
    cache = await startTestCache({ upstreams: [upstream.url] });
  });
  afterAll(() => cache?.[Symbol.asyncDispose]());
  const read = (path: string, headers: Record<string, string> = {}): Promise<WireAnswer> =>
    ask(cacheAddress(cache, `data/sets/${path}`, way), { headers });
  /** HEAD and GET, with the headers that both have to have. */
  const both = async (path: string): Promise<WireAnswer> => {
    const address = cacheAddress(cache, `data/sets/${path}`, way);
    const head = await ask(address, { method: 'HEAD' });
    const answer = await ask(address);
    expect([head.status, head.body.length]).toEqual([answer.status, 0]);
    for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag'])
      expect([path, name, head.headers[name]]).toEqual([path, name, answer.headers[name]]);
    return answer;
  };
  const readAll = async (): Promise<void> => {
    for (const name of dataSetNames) await readSet(name);
  };
  const readSet = async (name: string): Promise<void> => {
    const { digest, mediaType, manifests, blobs } = await upstream.facts('data/sets', name);
    const root = { of: name, digest, mediaType, size: manifests[0]?.size ?? 0 };
    const documents = [root, ...manifests.map((each) => ({ of: each.digest, ...each }))];
    for (const { of, ...one } of documents) expectWhole(await both(`manifests/${of}`), one);
    for (const { digest: of, size } of blobs)
      expectWhole(await both(`blobs/${of}`), { digest: of, size, mediaType: blobType });
  };

  it('ping', async () => {
    const answer = await ask(`${cache.url}/v2/`);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'docker-distribution-api-version': 'registry/2.0' },
    });
  });

  it('a repository that is not there: no tags, and nothing that refers', async () => {
    const tags = await ask(cacheAddress(cache, 'not/there/tags/list', way));
    expect(tags.status).toBe(404);
    const digest = `sha256:${'1'.repeat(64)}`;
    const referrers = await ask(cacheAddress(cache, `not/there/referrers/${digest}`, way));
    expect([referrers.status, referrers.headers['content-type']]).toEqual([200, ociIndex]);
    const list: unknown = JSON.parse(referrers.body.toString());
    expect(list).toEqual({ schemaVersion: 2, mediaType: ociIndex, manifests: [] });
  });

  it.each(dataSetNames)('%s, byte for byte', readSet);

  it('all of it once more, with no request to upstream', async () => {
    await upstream.resetCounts();
    await readAll();
    expect((await upstream.counts()).totalRequests).toBe(0);
  });

  it('content that upstream does not have is not there, however it is named', async () => {
    const facts = await upstream.facts('data/sets', 'non-distributable-layers');
    const manifest = await read(`manifests/${facts.digest}`);
    const { layers } = JSON.parse(manifest.body.toString()) as { layers: { digest: string }[] };
    expect((await both(`blobs/${layers[0]?.digest}`)).status).toBe(404);
    const sparse = await read('manifests/sparse-index');
    const { manifests } = JSON.parse(sparse.body.toString()) as { manifests: typeof layers };
    expect((await both(`manifests/${manifests.at(-1)?.digest}`)).status).toBe(404);
  });

  it('all tags, and those behind one', async () => {
    const tagsOf = async (query: string): Promise<readonly string[]> => {
      const { status, body } = await read(`tags/list${query}`);
      expect(status).toBe(200);
      return (JSON.parse(body.toString()) as { tags: string[] }).tags;
    };
    const all = await tagsOf('');
    expect(all).toEqual([...dataSetNames].toSorted());
    const middle = all[8] ?? '';
    expect(await tagsOf(`?last=${middle}`)).toEqual(all.slice(9));
    for (const n of [1, 5, 50]) expect(await tagsOf(`?n=${n}`)).toHaveLength(Math.min(n, 19));
  });

  it.each(algorithms)('blobs of no byte, of two, and of 2048: %s', async (algorithm) => {
    for (const bytes of [nothing, braces, ranged]) {
      const answer = await both(`blobs/${digestOf(bytes, algorithm)}`);
      expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
    }
  });

  it.each(algorithms)('ranges of 2048 bytes: %s', async (algorithm) => {
    const path = `blobs/${digestOf(ranged, algorithm)}`;
    for (const [range, from, to] of [
      ['500-1499', 500, 1500],
      ['500-', 500, 2048],
      ['-500', 1548, 2048],
      ['2000-5000', 2000, 2048],
    ] as const) {
      const { status, headers, body } = await read(path, { range: `bytes=${range}` });
      expect([range, status, headers['content-length']]).toEqual([range, 206, `${to - from}`]);
      expect(headers['content-range']).toBe(`bytes ${from}-${to - 1}/2048`);
      expect(body.equals(ranged.subarray(from, to))).toBe(true);
    }
    for (const range of ['500-0', '5000-10000']) {
      const { status, headers } = await read(path, { range: `bytes=${range}` });
      expect([range, status, headers['content-range']]).toEqual([range, 416, 'bytes */2048']);
    }
  });

  it.each([
    [`blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
    [`blobs/sha512:${'0'.repeat(128)}`, 404, 'BLOB_UNKNOWN'],
    [`manifests/sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
    ['manifests/not-there', 404, 'MANIFEST_UNKNOWN'],
    ['manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
    ['blobs/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
    ['referrers/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
  ])('what is missing or wrong: %s', async (path, status, code) => {
    const answer = await both(path);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code }] });
  });
});

function expectWhole(
  { status, headers, body }: WireAnswer,
  { digest, mediaType, size }: { digest: string; mediaType: string; size: number },
): void {
  expect([digest, status, headers['content-type']]).toEqual([digest, 200, mediaType]);
  expect(headers['docker-content-digest']).toBe(digest);
  expect(headers['content-length']).toBe(`${size}`);
  const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  expect(digestOf(body, algorithm)).toBe(digest);
}
