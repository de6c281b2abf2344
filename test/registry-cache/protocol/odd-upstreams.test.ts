import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import type { Fault } from '../../support/oci-registry/fault.ts';
import { dockerManifest, ociIndex, ociManifest } from '../../support/oci-registry/media-types.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import type { ImageFacts } from '../../support/oci-registry/registry-content.ts';
import type { RegistrySettings } from '../../support/oci-registry/registry-options.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { errorCode } from './support/cache-address.ts';
import { manifestText } from './support/manifest-text.ts';

const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const maxBytes = 4 * 1024 ** 2;
/** Two attempts, at once. */
const retry = { attempts: 2, baseDelayMs: 1, maxDelayMs: 5 };
const missing = { digest: `sha256:${'5'.repeat(64)}`, size: 5 };
const padded = (bytes: number): string => {
  const bare = manifestText([], { annotations: { padding: '' } });
  return bare.replace('"padding":""', `"padding":"${'x'.repeat(bytes - bare.length)}"`);
};
const layer = Buffer.alloc(3_000, 'layer');
const liar = manifestText([{ digest: digestOf(layer), size: 2_999 }]);

let upstream: RecordedOciRegistry;
let facts: ImageFacts;

beforeAll(async () => {
  const of = (tag: string, text: string, mediaType = ociManifest) => ({
    text,
    mediaType,
    tags: [tag],
  });
  upstream = await startRecordedOciRegistry({
    contents: [
      {
        repository: 'team/app',
        images: [{ layers: 2, layerBytes: 20_000, platforms: ['linux/amd64', 'linux/arm64'] }],
      },
      {
        repository: 'team/docker',
        images: [{ layers: 1, layerBytes: 20_000, types: 'docker' }],
      },
      {
        repository: 'team/odd',
        blobs: [{ base64: layer.toString('base64') }],
        manifests: [
          of('schema1', '{"schemaVersion":1,"name":"x","signatures":[]}', schema1),
          of('largest', padded(maxBytes)),
          of('too-large', padded(maxBytes + 1)),
          of('liar', liar),
          of('names-missing', manifestText([missing])),
          of('typed', manifestText([]), `${ociManifest}; charset=utf-8`),
        ],
      },
    ],
  });
  facts = await upstream.facts('team/app', 'latest');
});
afterAll(() => upstream?.[Symbol.asyncDispose]());

const setUp = (settings: RegistrySettings = {}): Promise<void> =>
  upstream.change({
    faults: [],
    heads: 'answered',
    digestHeader: 'sent',
    accept: 'ignored',
    ...settings,
  });
const open = (config = {}): Promise<TestCache> =>
  startTestCache({ upstreams: [upstream.url], config, core: { retry } });
const read = (cache: TestCache, path: string, method = 'GET'): Promise<WireAnswer> =>
  ask(`${cache.url}/v2/${path}`, { method });
const pulls = async (cache: TestCache, name = 'team/app'): Promise<void> => {
  const options = { name, reference: 'latest', verify: 'all', platform: 'all' } as const;
  expect(await ociPull(cache.url, options)).toMatchObject({ ok: true, failures: [] });
};

describe('answers that are not what was asked for', () => {
  const faults: readonly Fault[] = [
    { name: 'html' },
    { name: 'wrong-length', byBytes: 7 },
    { name: 'wrong-length', byBytes: -7 },
    { name: 'wrong-body' },
    { name: 'corrupt' },
    { name: 'short' },
    { name: 'truncated' },
    { name: 'redirect-loop' },
    { name: 'redirect', location: 'ftp://files.example/x' },
    { name: 'status', status: 400 },
    { name: 'status', status: 410 },
    { name: 'status', status: 502 },
    { name: 'status', status: 508 },
  ];

  it.each(faults)('a manifest: %j', async (fault) => {
    await setUp({ faults: [{ fault, kinds: ['manifest'] }] });
    await using cache = await open();
    for (const reference of ['latest', facts.digest]) {
      const answer = await read(cache, `team/app/manifests/${reference}`);
      expect([reference, answer.status, answer.end]).toEqual([reference, 502, 'whole']);
      expect(errorCode(answer)).toBe('UNAVAILABLE');
    }
    await setUp();
    await pulls(cache);
  });

  it.each(faults)('a blob of a manifest that is known: %j', async (fault) => {
    await setUp({ faults: [{ fault, kinds: ['blob'] }] });
    await using cache = await open();
    for (const { digest } of facts.manifests)
      expect((await read(cache, `team/app/manifests/${digest}`)).status).toBe(200);
    const path = `team/app/blobs/${facts.blobs.at(-1)?.digest}`;
    const answer = await read(cache, path);
    expect([answer.status, errorCode(answer)]).toEqual([502, 'UNAVAILABLE']);
    await setUp();
    await pulls(cache);
  });

  it('a manifest with another digest in its header', async () => {
    const fault = { name: 'wrong-digest-header' } as const;
    await setUp({ faults: [{ fault, kinds: ['manifest'] }] });
    await using cache = await open();
    expect((await read(cache, 'team/app/manifests/latest')).status).toBe(502);
    await setUp();
    await pulls(cache);
  });

  it('a HEAD with another digest than the manifest: the tag is not gone', async () => {
    await setUp();
    await using cache = await open({ tagMaxAgeSec: 0 });
    await pulls(cache);
    const fault = { name: 'wrong-digest-header' } as const;
    await setUp({ faults: [{ fault, kinds: ['manifest'], method: 'HEAD' }] });
    const answer = await read(cache, 'team/app/manifests/latest');
    expect([answer.status, digestOf(answer.body)]).toEqual([200, facts.digest]);
    expect(answer.headers['warning']).toBeUndefined();
  });

  it('a blob whose header names another digest is held against its bytes', async () => {
    await setUp({ faults: [{ fault: { name: 'wrong-digest-header' }, kinds: ['blob'] }] });
    await using cache = await open();
    await pulls(cache);
  });
});

describe('registries of other habits', () => {
  it.each<RegistrySettings>([
    { digestHeader: 'left-out' },
    { heads: 'refused' },
    { heads: 'refused', digestHeader: 'left-out' },
    { heads: 'blobs-missing' },
    { accept: 'heeded' },
  ])('%j', async (settings) => {
    await setUp(settings);
    await using cache = await open({ tagMaxAgeSec: 0 });
    // With these there is a blob that no manifest has stated.
    const [blob] = facts.blobs;
    const head = await read(cache, `team/app/blobs/${blob?.digest}`, 'HEAD');
    expect([head.status, head.headers['content-length']]).toEqual([200, `${blob?.size}`]);
    for (const method of ['HEAD', 'GET', 'HEAD']) {
      const { status, headers } = await read(cache, 'team/app/manifests/latest', method);
      expect([method, status, headers['docker-content-digest']]).toEqual([
        method,
        200,
        facts.digest,
      ]);
      expect(headers['content-type']).toBe(ociIndex);
    }
    for (const name of ['team/app', 'team/docker', 'team/app']) await pulls(cache, name);
  });

  it.each([
    ['no Accept', {}],
    ['another type', { accept: ociIndex }],
    ['an odd one', { accept: 'text/html;q=0.1, ,;' }],
  ] as const)('one that heeds Accept, and a client that sends %s', async (_what, headers) => {
    await setUp({ accept: 'heeded' });
    await using cache = await open();
    const answer = await ask(`${cache.url}/v2/team/docker/manifests/latest`, { headers });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, dockerManifest]);
  });
});

describe('manifests', () => {
  it('of schema 1 are there, and are not given out', async () => {
    await setUp();
    await using cache = await open();
    for (const method of ['HEAD', 'GET']) {
      const answer = await read(cache, 'team/odd/manifests/schema1', method);
      expect(answer.status).toBe(502);
      if (method === 'GET') expect(errorCode(answer)).toBe('MANIFEST_INVALID');
    }
    await pulls(cache);
  });

  it('of 4 MiB are given out, larger ones are not', async () => {
    await setUp();
    await using cache = await open();
    const largest = await read(cache, 'team/odd/manifests/largest');
    expect([largest.status, largest.body.length]).toEqual([200, maxBytes]);
    const above = await read(cache, 'team/odd/manifests/too-large');
    expect([above.status, errorCode(above)]).toEqual([502, 'UNAVAILABLE']);
    expect(above.body.toString()).toContain('more than the limit of 4194304 bytes');
    await pulls(cache);
  });

  it('keep the type that upstream gives them, letter for letter', async () => {
    await setUp();
    await using cache = await open();
    const path = 'team/odd/manifests/typed';
    for (const method of ['GET', 'HEAD'])
      expect((await read(cache, path, method)).headers['content-type']).toBe(
        `${ociManifest}; charset=utf-8`,
      );
  });

  it('that name what upstream does not have: HEAD and GET say so', async () => {
    await setUp();
    await using cache = await open();
    expect((await read(cache, 'team/odd/manifests/names-missing')).status).toBe(200);
    for (const method of ['HEAD', 'GET'])
      expect((await read(cache, `team/odd/blobs/${missing.digest}`, method)).status).toBe(404);
  });

  it('that lie about a size: HEAD says what upstream says, and no wrong byte goes out', async () => {
    await setUp();
    await using cache = await open();
    expect((await read(cache, 'team/odd/manifests/liar')).status).toBe(200);
    const path = `team/odd/blobs/${digestOf(layer)}`;
    expect((await read(cache, path, 'HEAD')).headers['content-length']).toBe('3000');
    const answer = await read(cache, path);
    if (answer.status === 200) expect(answer.body.equals(layer)).toBe(true);
    else expect(answer.status).toBe(502);
    await expect.poll(async () => (await read(cache, path)).body.equals(layer)).toBe(true);
  });
});
