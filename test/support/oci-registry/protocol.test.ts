import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../npm-registry/ask.ts';
import { dataSetNames } from './data-sets.ts';
import { digestOf } from './digest.ts';
import { fallbackTag } from './list-answers.ts';
import type { Descriptor } from './made-content.ts';
import { dockerManifest, ociIndex, ociManifest } from './media-types.ts';
import { parseManifest } from './parse-manifest.ts';
import { type RecordedOciRegistry, startRecordedOciRegistry } from './recorded-oci-registry.ts';

const ranged = Buffer.alloc(2048, 'range ');

describe('the protocol of a recorded registry', () => {
  let registry: RecordedOciRegistry;
  beforeAll(async () => {
    registry = await startRecordedOciRegistry({
      contents: [
        { repository: 'data/sets', dataSets: 'all', blobs: bothWays(ranged) },
        { repository: 'library/app', images: [{ layers: 1, layerBytes: 500, types: 'docker' }] },
      ],
    });
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    ask(`${registry.url}v2/${path}`, { headers, method });
  const listOf = async (path: string) => {
    const { body, headers } = await get(path);
    const list = JSON.parse(body.toString()) as { tags: string[]; manifests: Descriptor[] };
    return { ...list, headers };
  };

  it('says that it is one', async () => {
    const answer = await get('');
    expect([answer.status, answer.headers['docker-distribution-api-version']]).toEqual([
      200,
      'registry/2.0',
    ]);
  });

  it.each(dataSetNames)('keeps documents and blobs as they are: %s', async (name) => {
    const { digest, manifests, blobs } = await registry.facts('data/sets', name);
    const root = { digest: name, mediaType: manifests[0]?.mediaType, size: manifests[0]?.size };
    for (const [what, one] of [
      ...[root, ...manifests].map((found) => ['manifests', found] as const),
      ...blobs.map((found) => ['blobs', found] as const),
    ]) {
      const path = `data/sets/${what}/${one.digest}`;
      const [head, answer] = [await get(path, {}, 'HEAD'), await get(path)];
      const named = one.digest === name ? digest : one.digest;
      const type = what === 'manifests' ? one.mediaType : 'application/octet-stream';
      for (const { status, headers } of [head, answer]) {
        expect([path, status, headers['content-type']]).toEqual([path, 200, type]);
        expect(headers['docker-content-digest']).toBe(named);
        expect(Number(headers['content-length'])).toBe(one.size);
      }
      const algorithm = named.startsWith('sha512:') ? 'sha512' : 'sha256';
      expect([head.body.length, digestOf(answer.body, algorithm)]).toEqual([0, named]);
    }
    if (name === 'sha512') expect(digest).toMatch(/^sha512:/);
    if (name === 'odd-blobs') expect(blobs.map(({ size }) => size)).toContain(0);
    if (name === 'large-manifest') expect(manifests[0]?.size).toBeGreaterThan(3_900_000);
    if (name === 'nested-index') expect([manifests.length, blobs.length]).toEqual([4, 6]);
  });

  it('lists tags in order, from one on, and in pages', async () => {
    const { tags } = await listOf('data/sets/tags/list');
    expect(tags).toEqual([...dataSetNames].sort());
    const after = await listOf('data/sets/tags/list?last=image');
    expect(after.tags).toEqual(tags.filter((tag) => tag > 'image'));
    const page = await listOf('data/sets/tags/list?n=4&last=image');
    expect(page.tags).toEqual(after.tags.slice(0, 4));
    const next = /^<\/v2\/(.*)>; rel="next"$/.exec(String(page.headers.link))?.[1] ?? '';
    expect((await listOf(next)).tags).toEqual(after.tags.slice(4, 8));
    const none = await listOf('data/sets/tags/list?n=0');
    expect([none.tags, none.headers.link]).toEqual([[], undefined]);
  });

  it('lists what speaks of a manifest, by type and in pages', async () => {
    const { manifests } = await registry.facts('data/sets', 'artifacts-with-subject');
    const { body } = await get('data/sets/manifests/artifacts-with-subject');
    const subject = parseManifest(body).subject?.digest ?? '';
    const all = await listOf(`data/sets/referrers/${subject}`);
    expect(all.headers['content-type']).toBe(ociIndex);
    expect(all.manifests.map(({ artifactType }) => artifactType)).toEqual([
      'application/x.config',
      'application/vnd.example.sbom',
    ]);
    expect(all.manifests[1]).toMatchObject({
      ...manifests[0],
      annotations: { 'org.example.by': 'a test' },
    });
    const some = await listOf(
      `data/sets/referrers/${subject}?artifactType=application/vnd.example.sbom`,
    );
    expect(some.manifests).toEqual(all.manifests.slice(1));
    expect(some.headers['oci-filters-applied']).toBe('artifactType');
    const nobody = await listOf(`data/sets/referrers/sha256:${'0'.repeat(64)}`);
    expect(nobody).toMatchObject({ schemaVersion: 2, mediaType: ociIndex, manifests: [] });
    await registry.change({ pageSize: 1 });
    const first = await listOf(`data/sets/referrers/${subject}`);
    const next = /^<\/v2\/(.*)>; rel="next"$/.exec(String(first.headers.link))?.[1] ?? '';
    expect([...first.manifests, ...(await listOf(next)).manifests]).toEqual(all.manifests);
    await registry.change({ pageSize: 0, referrers: 'tag' });
    expect((await get(`data/sets/referrers/${subject}`)).status).toBe(404);
    const tagged = await listOf(`data/sets/manifests/${fallbackTag(subject)}`);
    expect(tagged.manifests).toEqual(all.manifests);
    await registry.change({ referrers: 'api' });
    expect((await get(`data/sets/manifests/${fallbackTag(subject)}`)).status).toBe(404);
  });

  it.each(['sha256', 'sha512'] as const)('gives parts of blobs: %s', async (algorithm) => {
    const path = `data/sets/blobs/${digestOf(ranged, algorithm)}`;
    for (const [range, from, to] of [
      ['500-1499', 500, 1500],
      ['500-', 500, 2048],
      ['-500', 1548, 2048],
      ['2000-5000', 2000, 2048],
    ] as const) {
      const part = await get(path, { range: `bytes=${range}` });
      expect([range, part.status, part.headers['content-range']]).toEqual([
        range,
        206,
        `bytes ${from}-${to - 1}/2048`,
      ]);
      expect(part.body.equals(ranged.subarray(from, to))).toBe(true);
    }
    for (const range of ['500-0', '5000-10000']) {
      expect((await get(path, { range: `bytes=${range}` })).status).toBe(416);
    }
    const etag = String((await get(path)).headers.etag);
    const conditional = { range: 'bytes=1-1', 'if-range': etag };
    expect((await get(path, conditional)).status).toBe(206);
    expect((await get(path, { ...conditional, 'if-range': '"other"' })).status).toBe(200);
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
  });

  it('says what is missing or wrong with the codes of the specification', async () => {
    const nowhere = `sha256:${'0'.repeat(64)}`;
    for (const [path, status, code] of [
      [`data/sets/blobs/${nowhere}`, 404, 'BLOB_UNKNOWN'],
      [`data/sets/manifests/${nowhere}`, 404, 'MANIFEST_UNKNOWN'],
      ['data/sets/manifests/nothing', 404, 'MANIFEST_UNKNOWN'],
      ['data/none/manifests/latest', 404, 'NAME_UNKNOWN'],
      ['data/sets/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
      ['data/sets/referrers/sha256:bad', 400, 'DIGEST_INVALID'],
      ['Data/Sets/manifests/latest', 400, 'NAME_INVALID'],
    ] as const) {
      const answer = await get(path);
      const { errors } = JSON.parse(answer.body.toString()) as { errors: { code: string }[] };
      expect([path, answer.status, errors[0]?.code]).toEqual([path, status, code]);
    }
    const push = await get('data/sets/blobs/uploads/', {}, 'POST');
    expect([push.status, push.body.toString()]).toEqual([
      405,
      expect.stringContaining('UNSUPPORTED'),
    ]);
  });

  it('can leave out, refuse and be choosy, as some registries are', async () => {
    const path = 'library/app/manifests/latest';
    await registry.change({ digestHeader: 'left-out', heads: 'refused', accept: 'heeded' });
    expect((await get(path, {}, 'HEAD')).status).toBe(405);
    expect((await get(path, { accept: ociManifest })).status).toBe(404);
    const answer = await get(path, { accept: `${ociManifest}, ${dockerManifest}` });
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, undefined]);
    await registry.change({ digestHeader: 'sent', heads: 'blobs-missing', accept: 'ignored' });
    const [blob] = (await registry.facts('library/app', 'latest')).blobs;
    expect((await get(`library/app/blobs/${blob?.digest}`, {}, 'HEAD')).status).toBe(404);
    expect((await get(`library/app/blobs/${blob?.digest}`)).status).toBe(200);
    await registry.change({ heads: 'answered' });
  });

  it('changes what tags stand for, and forgets', async () => {
    const digestAt = async (tag: string): Promise<unknown> =>
      (await get(`library/app/manifests/${tag}`, {}, 'HEAD')).headers['docker-content-digest'];
    const before = await digestAt('latest');
    await registry.put({ repository: 'library/app', images: [{ seed: 9, layerBytes: 10 }] });
    const after = await digestAt('latest');
    expect(after).not.toBe(before);
    await registry.retag({ repository: 'library/app', tag: 'latest', digest: String(before) });
    expect(await digestAt('latest')).toBe(before);
    await registry.remove({ repository: 'library/app', tag: 'latest' });
    expect(await digestAt('latest')).toBe(undefined);
    expect((await get(`library/app/manifests/${String(before)}`)).status).toBe(200);
    await registry.remove({ repository: 'library/app', manifest: String(before) });
    expect((await get(`library/app/manifests/${String(before)}`)).status).toBe(404);
    await registry.remove({ repository: 'library/app' });
    expect((await get('library/app/tags/list')).status).toBe(404);
  });
});

function bothWays(bytes: Buffer): { base64: string; algorithm: 'sha256' | 'sha512' }[] {
  const base64 = bytes.toString('base64');
  return (['sha256', 'sha512'] as const).map((algorithm) => ({ base64, algorithm }));
}
