import { statfs, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { mountTmpfs, whyNoMount } from '../../support/tmpfs-mount.ts';
import { startTestCache } from '../support/test-cache.ts';

const reason = await whyNoMount();
const name = 'team/app';
const tags = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6'];
const images = [
  ...tags.map((tag, seed) => ({ seed, layerBytes: [300_000, 5_000_000], tags: [tag] })),
  { seed: 99, layerBytes: [200_000, 30_000_000], tags: ['larger'] },
];

describe.skipIf(reason !== null)(
  `a disk that is full${reason === null ? '' : `: ${reason}`}`,
  () => {
    let upstream: RecordedOciRegistry;
    beforeAll(async () => {
      upstream = await startRecordedOciRegistry({ contents: [{ repository: name, images }] });
    });
    afterAll(() => upstream[Symbol.asyncDispose]());
    const core = { limits: { heldMs: 0 } };

    it('has room made on it by what was used longest ago, and gives out uncached what never fits', async () => {
      await using disk = await mountTmpfs(24 * 1024 ** 2);
      await using cache = await startTestCache({
        upstreams: [upstream.url],
        home: disk.path,
        spareMs: 100,
        core,
      });
      for (const reference of tags) {
        const burst = await pullBurst(cache.url, { name, reference, pulls: 4 });
        expect(burst).toMatchObject({ ok: 4, wrongBytes: 0, failures: {} });
        await cache.core.blobs.settled();
      }
      await upstream.resetCounts();
      const larger = await pullBurst(cache.url, { name, reference: 'larger', pulls: 3 });
      expect(larger).toMatchObject({ ok: 3, wrongBytes: 0, failures: {} });
      const { blobs } = await upstream.facts(name, 'larger');
      const [largest] = blobs.toSorted((a, b) => b.size - a.size);
      // There is nowhere that it could be kept for the others.
      const { paths } = await upstream.counts();
      expect(paths[`GET /v2/${name}/blobs/${largest?.digest}`]).toBe(3);
      expect((await ociPull(cache.url, { name, reference: 'v6' })).ok).toBe(true);
    });

    it('of which others have taken all fails no pull, also where what passes is corrupt', async () => {
      await using disk = await mountTmpfs(6 * 1024 ** 2);
      await using cache = await startTestCache({
        upstreams: [upstream.url],
        home: disk.path,
        core,
      });
      const { bavail, bsize } = await statfs(disk.path);
      await writeFile(`${disk.path}/others`, Buffer.alloc(Math.max(0, bavail * bsize - 100_000)));
      for (const reference of ['v1', 'v2']) {
        const burst = await pullBurst(cache.url, { name, reference, pulls: 3 });
        expect(burst).toMatchObject({ ok: 3, wrongBytes: 0, failures: {} });
      }
      await cache.core.blobs.settled();
      expect(cache.notKept.length).toBeGreaterThan(0);
      const faults = ['corrupt', 'reset-in-body', 'truncated'] as const;
      for (const [at, fault] of faults.entries()) {
        await upstream.change({
          faults: [{ fault: { name: fault }, kinds: ['blob'], minBytes: 4_000_000, nth: [1] }],
        });
        const pulled = await ociPull(cache.url, { name, reference: tags[at + 2] ?? '' });
        // What only broke off goes on without the client; wrong bytes end in a connection that breaks.
        expect([pulled.ok, pulled.wrongBytes]).toEqual([fault !== 'corrupt', 0]);
        expect((await upstream.counts()).faults[fault]).toBe(1);
        expect((await ociPull(cache.url, { name, reference: tags[at + 2] ?? '' })).ok).toBe(true);
      }
    });
  },
);
