import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { publicView } from '../../../registry-cache/access/view.ts';
import { createLinks, type Link } from '../../../registry-cache/store/links.ts';
import { linkKey } from '../../../registry-cache/store/cache-keys.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { createObjectCache } from '../../../src/object-cache/object-cache.ts';
import type { ObjectUsage } from '../../../src/object-cache/object-usage.ts';
import { ociDigestOf } from '../../../src/network.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociIndex, ociManifest } from '../../support/oci-registry/media-types.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { indexText, manifestText } from '../protocol/support/manifest-text.ts';
import { config } from '../routing/support/cache-config.ts';
import { startTestCache } from '../support/test-cache.ts';

const repository = 'team/app';
const text = manifestText([]);
const bytes = Buffer.from(text);
const digest = digestOf(bytes);
const few = { attempts: 2, baseDelayMs: 1 };

describe('what a repository is known to have', () => {
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });
  const openUpstream = async (manifests: readonly { text: string; tags?: string[] }[] = []) =>
    stack.use(
      await startRecordedOciRegistry({
        contents: [
          {
            repository,
            manifests: [
              { text, mediaType: ociManifest, tags: ['latest'] },
              ...manifests.map((each) => ({ mediaType: ociIndex, ...each })),
            ],
            // Registries give their manifests as blobs too.
            blobs: [{ base64: bytes.toString('base64') }],
          },
        ],
      }),
    );

  it('a manifest that somebody asks for as a blob first is one all the same, and kept', async () => {
    const upstream = await openUpstream();
    await using cache = await startTestCache({ upstreams: [upstream.url], core: { retry: few } });
    const path = `${cache.url}/v2/${repository}`;
    expect((await ask(`${path}/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
    expect((await ask(`${path}/blobs/${digest}`)).body.toString()).toBe(text);
    expect((await ask(`${path}/manifests/latest`)).status).toBe(200);
    await upstream.outage('refuse');
    for (const reference of ['latest', digest]) {
      const { status, headers, body } = await ask(`${path}/manifests/${reference}`);
      expect([reference, status, headers['content-type'], body.toString()]).toEqual([
        reference,
        200,
        ociManifest,
        text,
      ]);
    }
  });

  it.each(['text/html', 'a\r\nset-cookie: b', 'ä'])(
    'the type that an index states of a manifest is not given out: %j',
    async (mediaType) => {
      const stated = indexText([{ digest, size: bytes.length, mediaType }]);
      const upstream = await openUpstream([{ text: stated, tags: ['index'] }]);
      await using cache = await startTestCache({ upstreams: [upstream.url] });
      const path = `${cache.url}/v2/${repository}`;
      expect((await ask(`${path}/manifests/index`)).status).toBe(200);
      expect((await ask(`${path}/blobs/${digest}`)).status).toBe(200);
      const { status, headers } = await ask(`${path}/manifests/${digest}`);
      expect([status, headers['content-type']]).toEqual([200, ociManifest]);
    },
  );

  it('what upstream has given stays given where a later manifest states it, also after a restart', async () => {
    const layerBytes = [20_000, 30_000];
    const upstream = stack.use(
      await startRecordedOciRegistry({
        contents: [{ repository, images: [{ layerBytes, tags: ['old'] }] }],
      }),
    );
    const { path: home } = stack.use(await createTempDir(tmpdir(), 'ashlar-links'));
    const options = { upstreams: [upstream.url], home, core: { retry: few } };
    const old = { name: repository, reference: 'old' };
    {
      await using cache = await startTestCache(options);
      expect((await ociPull(cache.url, old)).ok).toBe(true);
      await cache.core.blobs.settled();
    }
    const { blobs, digest: oldDigest, manifests } = await upstream.facts(repository, 'old');
    const later = manifestText(blobs.map((each) => ({ ...each })));
    const sizeBytes = manifests[0]?.size ?? 0;
    const index = indexText([{ digest: oldDigest, size: sizeBytes }]);
    await upstream.put({
      repository,
      manifests: [
        { text: later, mediaType: ociManifest, tags: ['later'] },
        { text: index, mediaType: ociIndex, tags: ['index'] },
      ],
    });
    await using cache = await startTestCache(options);
    for (const tag of ['later', 'index'])
      expect((await ask(`${cache.url}/v2/${repository}/manifests/${tag}`)).status).toBe(200);
    await upstream.outage('refuse');
    expect(await ociPull(cache.url, old)).toMatchObject({ ok: true, failures: [] });
  });

  it('that a HEAD of a blob was answered from what is known is said only where it was', async () => {
    const upstream = await openUpstream();
    await using cache = await startTestCache({ upstreams: [upstream.url] });
    const url = `${cache.url}/v2/${repository}/blobs/${digest}`;
    await upstream.change({ latencyMs: 50 });
    const both = await Promise.all([1, 2].map(() => ask(url, { method: 'HEAD' })));
    const states = new Set(both.map(({ headers }) => headers['x-ashlar-cache']));
    expect(states).toEqual(new Set(['miss', 'coalesced']));
    expect((await ask(url, { method: 'HEAD' })).headers['x-ashlar-cache']).toBe('hit');
    expect((await upstream.counts()).requests['HEAD blob']).toBe(1);
  });

  it('what was given last is what is written last, however slowly the store takes what was stated', async () => {
    const store = createMemoryObjectStore();
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let writes = 0;
    const slow: ObjectStore = {
      ...store,
      async replace(key, body) {
        writes += 1;
        begun.resolve();
        if (writes === 1) await goOn.promise;
        return store.replace(key, body);
      },
    };
    const usage: ObjectUsage = {
      used: () => {},
      dropped: () => {},
      free: async () => {},
      put: (_entry, write) => write(),
    };
    const cache = createObjectCache({ objects: slow, hotBytes: 0, usage });
    const links = createLinks({ cache, onNotKept: () => {} });
    const place = { view: publicView(config.root), repository };
    const stated: Link = {
      digest: ociDigestOf(bytes),
      sizeBytes: 7,
      kind: 'blob',
      mediaType: null,
      source: 'stated',
    };
    links.add(place, [stated]);
    await begun.promise;
    links.add(place, [{ ...stated, sizeBytes: 8, source: 'given' }]);
    // Time enough for a write that waits for nothing.
    await pause(10);
    goOn.resolve();
    await links.settled();
    expect(await cache.readRecord(linkKey(place, stated.digest))).toMatchObject({
      source: 'given',
    });
  });
});
