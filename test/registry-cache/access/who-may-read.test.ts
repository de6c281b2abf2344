import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import type { Descriptor } from '../../support/oci-registry/made-content.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import type { ImageFacts } from '../../support/oci-registry/registry-content.ts';
import { registryName, startTestCache, type TestCache } from '../support/test-cache.ts';

const secret = { name: 'acme/secret', reference: 'latest' };
const users = {
  anna: { password: 'anna-s-pass', repositories: ['acme/*'] },
  bert: { password: 'bert-s-pass', repositories: ['bert/*'] },
};
const auth = { scheme: 'bearer', users, anonymous: ['public/*'] } as const;
const anna = login('anna', 'anna-s-pass');
const bert = login('bert', 'bert-s-pass');
const minuteMs = 60_000;

function login(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

describe('what is private', () => {
  let upstream: RecordedOciRegistry;
  let facts: ImageFacts;
  let layer: Descriptor;
  let passedMs = 0;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [
        {
          repository: 'acme/secret',
          images: [{ layers: [30_000, 5_000_000] }].map(({ layers }) => ({ layerBytes: layers })),
        },
        { repository: 'public/app', images: [{ seed: 2, layers: 1, layerBytes: 10_000 }] },
        { repository: 'bert/app', images: [{ seed: 3, layers: 1, layerBytes: 10_000 }] },
      ],
    });
    facts = await upstream.facts('acme/secret', 'latest');
    const [found] = facts.blobs.toSorted((a, b) => b.size - a.size);
    if (found === undefined) throw new TypeError('no layer');
    layer = found;
  });
  afterAll(() => upstream[Symbol.asyncDispose]());
  beforeEach(async () => {
    passedMs = 0;
    await upstream.restore();
    await upstream.change({ auth, bytesPerSec: 0, faults: [] });
    await upstream.resetCounts();
  });

  const open = (
    registry: object = { clientCredentials: true },
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<TestCache> =>
    startTestCache({
      upstreams: [upstream.url],
      registry: { ...registry },
      config,
      core: {
        nowMs: () => Date.now() + passedMs,
        retry: { attempts: 2, baseDelayMs: 1 },
        limits: { heldMs: 0 },
      },
      serve: { nowMs: () => Date.now() + passedMs },
    });
  const get = (
    cache: TestCache,
    path: string,
    authorization?: string,
    more: object = {},
  ): Promise<WireAnswer> =>
    ask(`${cache.url}/v2/${path}`, {
      headers: { ...(authorization === undefined ? {} : { authorization }), ...more },
    });
  const pullAs = (cache: TestCache, username: string, password: string) =>
    ociPull(cache.url, { ...secret, credential: { username, password } });

  it('is given to who may read it upstream, once fetched, and refused to all others', async () => {
    await using cache = await open();
    expect(await pullAs(cache, 'anna', 'anna-s-pass')).toMatchObject({ ok: true, failures: [] });
    await cache.core.blobs.settled();
    const paths = ['manifests/latest', `manifests/${facts.digest}`, 'tags/list'];
    const blobPaths = facts.blobs.map(({ digest }) => `blobs/${digest}`);
    for (const authorization of [undefined, bert, login('anna', 'a guess'), 'Bearer of-somebody']) {
      for (const path of [...paths, ...blobPaths]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await ask(`${cache.url}/v2/acme/secret/${path}`, {
            method,
            headers: authorization === undefined ? {} : { authorization },
          });
          expect([method, path, authorization, answer.status]).toEqual([
            method,
            path,
            authorization,
            401,
          ]);
        }
      }
      const part = await get(cache, `acme/secret/${blobPaths[0]}`, authorization, {
        range: 'bytes=0-9',
      });
      expect(part.status).toBe(401);
    }
    await upstream.resetCounts();
    for (const path of [...paths, ...blobPaths])
      expect((await get(cache, `acme/secret/${path}`, anna)).status).toBe(200);
    // The list of tags alone was not asked for by anna before.
    expect((await upstream.counts()).requests).toEqual({ 'GET tags': 1 });
  });

  it('is not to be had by its digest from a repository that does not have it', async () => {
    await using cache = await open();
    await pullAs(cache, 'anna', 'anna-s-pass');
    await cache.core.blobs.settled();
    for (const [repository, authorization] of [
      ['public/app', undefined],
      ['bert/app', bert],
      ['public/app', anna],
    ] as const) {
      for (const { digest } of facts.blobs)
        expect((await get(cache, `${repository}/blobs/${digest}`, authorization)).status).toBe(404);
      expect(
        (await get(cache, `${repository}/manifests/${facts.digest}`, authorization)).status,
      ).toBe(404);
    }
  });

  it('is not to be had by naming it in a manifest of another repository', async () => {
    await using cache = await open();
    await pullAs(cache, 'anna', 'anna-s-pass');
    await cache.core.blobs.settled();
    const [config] = facts.blobs;
    const { mediaType } = facts;
    const lure = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: facts.blobs });
    const index = 'application/vnd.oci.image.index.v1+json';
    const manifests = [{ mediaType, digest: facts.digest, size: facts.manifests[0]?.size ?? 1 }];
    const lureIndex = JSON.stringify({ schemaVersion: 2, mediaType: index, manifests });
    await upstream.put({
      repository: 'public/lure',
      manifests: [
        { text: lure, mediaType, tags: ['blobs'] },
        { text: lureIndex, mediaType: index, tags: ['index'] },
      ],
    });
    for (const tag of ['blobs', 'index'])
      expect((await get(cache, `public/lure/manifests/${tag}`)).status).toBe(200);
    const paths = [
      ...facts.blobs.map(({ digest }) => `blobs/${digest}`),
      `manifests/${facts.digest}`,
    ];
    for (const path of paths) {
      for (const method of ['HEAD', 'GET'])
        expect([
          path,
          (await ask(`${cache.url}/v2/public/lure/${path}`, { method })).status,
        ]).toEqual([path, 404]);
    }
    // Nor does it keep those from it who may have it.
    expect((await pullAs(cache, 'anna', 'anna-s-pass')).ok).toBe(true);
  });

  it('is not to be had while it is being fetched for somebody else', async () => {
    await using cache = await open();
    await upstream.change({ bytesPerSec: 2_500_000 });
    const path = `acme/secret/blobs/${layer.digest}`;
    const owner = get(cache, path, anna);
    await expect.poll(async () => (await upstream.counts()).requests['GET blob']).toBe(1);
    const others = await Promise.all([
      get(cache, path),
      get(cache, path, bert),
      get(cache, path, undefined, { range: 'bytes=0-99' }),
      get(cache, `public/app/blobs/${layer.digest}`),
    ]);
    expect(others.map(({ status }) => status)).toEqual([401, 401, 401, 404]);
    expect(await owner).toMatchObject({ status: 200, end: 'whole' });
    expect((await upstream.counts()).requests['GET blob']).toBe(2);
  });

  it('one whose fetch is refused does not spoil that of another repository', async () => {
    await using cache = await open();
    const text = JSON.stringify({ schemaVersion: 2, mediaType: facts.mediaType, layers: [layer] });
    await upstream.put({
      repository: 'public/lure',
      manifests: [{ text, mediaType: facts.mediaType, tags: ['early'] }],
    });
    await get(cache, 'public/lure/manifests/early');
    await upstream.change({ latencyMs: 100 });
    const [lured, owner] = await Promise.all([
      get(cache, `public/lure/blobs/${layer.digest}`),
      get(cache, `acme/secret/blobs/${layer.digest}`, anna),
    ]);
    await upstream.change({ latencyMs: 0 });
    expect([lured.status, owner.status, owner.end]).toEqual([404, 200, 'whole']);
  });

  it('a size that a manifest states wrongly keeps nobody else from a blob', async () => {
    await using cache = await open();
    expect((await pullAs(cache, 'anna', 'anna-s-pass')).ok).toBe(true);
    await cache.core.blobs.settled();
    const wrong = { ...layer, size: layer.size - 1 };
    const text = JSON.stringify({ schemaVersion: 2, mediaType: facts.mediaType, layers: [wrong] });
    await upstream.put({
      repository: 'acme/wrong',
      images: [{ layerBytes: [30_000, 5_000_000] }],
      manifests: [{ text, mediaType: facts.mediaType, tags: ['wrong'] }],
    });
    await get(cache, 'acme/wrong/manifests/wrong', anna);
    await upstream.resetCounts();
    const answer = await get(cache, `acme/wrong/blobs/${layer.digest}`, anna);
    expect([answer.status, answer.body.length]).toEqual([200, layer.size]);
    expect((await pullAs(cache, 'anna', 'anna-s-pass')).ok).toBe(true);
    // What was kept is still kept.
    expect((await upstream.counts()).requests['GET blob']).toBeUndefined();
  });

  it('ends for who may read it no more within five minutes, at once where that is noticed, and for good', async () => {
    await using cache = await open();
    await pullAs(cache, 'anna', 'anna-s-pass');
    const path = `acme/secret/blobs/${layer.digest}`;
    await upstream.change({ auth: { ...auth, users: {} } });
    await upstream.revokeTokens();
    passedMs = 4 * minuteMs;
    expect((await get(cache, path, anna)).status).toBe(200);
    passedMs = 5 * minuteMs + 1_000;
    expect((await get(cache, path, anna)).status).toBe(401);
    // That upstream is away does not bring it back.
    await upstream.outage('refuse');
    expect((await get(cache, path, anna)).status).not.toBe(200);
    expect((await get(cache, 'acme/secret/manifests/latest', anna)).status).not.toBe(200);
  });

  it('stays readable for an hour while upstream cannot say, and no longer', async () => {
    await using cache = await open();
    await pullAs(cache, 'anna', 'anna-s-pass');
    await upstream.outage('refuse');
    const path = `acme/secret/blobs/${layer.digest}`;
    passedMs = 60 * minuteMs;
    expect((await get(cache, path, anna)).status).toBe(200);
    expect((await get(cache, path)).status).not.toBe(200);
    passedMs = 66 * minuteMs;
    expect((await get(cache, path, anna)).status).toBe(502);
  });

  it('leaves no trace of credentials in what is kept, logged, counted and answered', async () => {
    await using cache = await open();
    await pullAs(cache, 'anna', 'anna-s-pass');
    const wrong = await get(cache, 'acme/secret/manifests/latest', login('anna', 'a-wrong-guess'));
    await cache.core.blobs.settled();
    const metrics = await ask(`${cache.url}/-/ashlar/metrics`);
    const status = await ask(`${cache.url}/-/ashlar/status`);
    const names = await readdir(cache.home, { recursive: true, withFileTypes: true });
    const records = await Promise.all(
      names
        .filter(
          (each) =>
            each.isFile() && each.name.endsWith('.json') && each.name !== 'registry-cache.json',
        )
        .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
    );
    const said = [
      wrong.body.toString(),
      JSON.stringify(wrong.headers),
      metrics.body.toString(),
      status.body.toString(),
      JSON.stringify(cache.records),
      ...names.map(({ parentPath, name }) => join(parentPath, name)),
      ...records,
    ].join('\n');
    expect(records.length).toBeGreaterThan(3);
    for (const trace of ['anna', 'guess', anna.slice(6), 'Bearer '])
      expect(said).not.toContain(trace);
  });

  it('is bound to the registry that a login names', async () => {
    await using cache = await open();
    expect((await pullAs(cache, `${registryName}/anna`, 'anna-s-pass')).ok).toBe(true);
    const other = await get(
      cache,
      'acme/secret/manifests/latest',
      login('ghcr.io/anna', 'anna-s-pass'),
    );
    expect(other.status).toBe(401);
    await using without = await open({});
    expect((await get(without, 'acme/secret/manifests/latest', anna)).status).toBe(401);
    expect((await upstream.counts()).credentials.token).not.toContain(
      login('ghcr.io/anna', 'anna-s-pass'),
    );
  });

  it('a cache that wants a login gives nothing without one', async () => {
    await using cache = await open({ clientCredentials: true }, { requireLogin: true });
    const answer = await get(cache, 'public/app/manifests/latest');
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      401,
      expect.stringMatching(/^Basic /),
    ]);
    expect((await get(cache, '', undefined)).status).toBe(401);
    expect((await get(cache, 'public/app/manifests/latest', anna)).status).toBe(200);
  });

  it('the operator’s credential is for what anybody may read, unless the operator shares more', async () => {
    await using folder = await createTempDir(tmpdir(), 'ashlar-password');
    const passwordFile = join(folder.path, 'password');
    await writeFile(passwordFile, 'anna-s-pass', { mode: 0o600 });
    const credential = { username: 'anna', passwordFile };
    {
      await using cache = await open({ credential });
      expect((await get(cache, 'acme/secret/manifests/latest')).status).toBe(401);
      expect((await get(cache, `acme/secret/blobs/${layer.digest}`)).status).toBe(401);
    }
    await using cache = await open({ credential, credentialFor: 'everyone' });
    expect((await get(cache, 'acme/secret/manifests/latest')).status).toBe(200);
    expect((await get(cache, `acme/secret/blobs/${layer.digest}`)).status).toBe(200);
  });
});
