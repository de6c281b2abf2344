import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache } from '../support/test-cache.ts';

const layerBytes = [20_000, 2_000_000];
const images = [1, 2, 3, 4, 5, 6].map((seed) => ({ seed, layerBytes, tags: [`v${seed}`] }));
const name = 'team/app';

describe('what is kept', () => {
  let upstream: RecordedOciRegistry;
  let home: TempDir;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [{ repository: name, images }],
      auth: { scheme: 'bearer' },
    });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());
  beforeEach(async () => {
    home = await createTempDir(tmpdir(), 'ashlar-kept');
    await upstream.restore();
    await upstream.resetCounts();
  });
  afterEach(() => home[Symbol.asyncDispose]());

  it('goes when there is more than may be, what was used longest ago first, and no pull fails', async () => {
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      config: { maxCacheBytes: 5_000_000 },
      spareMs: 0,
    });
    for (const reference of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) {
      expect((await ociPull(cache.url, { name, reference })).failures).toEqual([]);
      await cache.core.blobs.settled();
      expect((await ociPull(cache.url, { name, reference: 'v1' })).ok).toBe(true);
      await cache.core.blobs.settled();
    }
    expect(await keptBlobBytes(cache.home)).toBeLessThan(5_000_000);
    const { blobs } = await upstream.facts(name, 'v1');
    const { paths } = await upstream.counts();
    // What was used all the time was fetched once.
    expect(blobs.map(({ digest }) => paths[`GET /v2/${name}/blobs/${digest}`])).toEqual([1, 1, 1]);
    expect(await pullBurst(cache.url, { name, reference: 'v2', pulls: 10 })).toMatchObject({
      ok: 10,
      wrongBytes: 0,
    });
  });

  it('and what is larger than all that may be is passed on', async () => {
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      config: { maxCacheBytes: 1_000_000 },
      spareMs: 0,
    });
    expect(await pullBurst(cache.url, { name, reference: 'v1', pulls: 10 })).toMatchObject({
      ok: 10,
      wrongBytes: 0,
    });
    await cache.core.blobs.settled();
    expect(cache.notKept.length).toBeGreaterThan(0);
    expect((await ociPull(cache.url, { name, reference: 'v1' })).ok).toBe(true);
  });

  const damages: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['has another byte', flip],
    ['is cut', (path) => truncate(path, 10)],
    ['is empty', (path) => truncate(path, 0)],
    ['is longer', async (path) => writeFile(path, 'more', { flag: 'a' })],
  ];
  it.each(damages)(
    'is found out where it %s, thrown away and fetched again',
    async (how, damage) => {
      {
        await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
        expect((await ociPull(cache.url, { name, reference: 'v1' })).ok).toBe(true);
        await cache.core.blobs.settled();
      }
      for (const path of await blobFiles(home.path)) await damage(path);
      await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
      // A large one is found out when most of it is on its way already: that answer breaks off.
      const first = await ociPull(cache.url, { name, reference: 'v1' });
      expect(first.wrongBytes).toBe(0);
      if (how !== 'has another byte') expect(first.failures).toEqual([]);
      expect((await ociPull(cache.url, { name, reference: 'v1' })).failures).toEqual([]);
      await cache.core.blobs.settled();
      for (const path of await blobFiles(home.path)) {
        const found = digestOf(await readFile(path));
        expect(path.endsWith(found.slice(7))).toBe(true);
      }
      await upstream.outage('refuse');
      expect((await ociPull(cache.url, { name, reference: 'v1' })).failures).toEqual([]);
    },
  );

  it('manifests stay in memory once they were read, also after a restart', async () => {
    {
      await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
      expect((await ociPull(cache.url, { name, reference: 'v1' })).failures).toEqual([]);
      await cache.core.blobs.settled();
    }
    await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
    const { digest } = await upstream.facts(name, 'v1');
    const url = `${cache.url}/v2/${name}/manifests/${digest}`;
    const first = await ask(url);
    for (const path of await blobFiles(home.path)) await rm(path);
    await upstream.outage('refuse');
    const second = await ask(url);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(digestOf(second.body)).toBe(digest);
  });

  it('records that are no JSON are fetched again', async () => {
    {
      await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
      await ociPull(cache.url, { name, reference: 'v1' });
    }
    const files = await readdir(join(home.path, 'cache'), { recursive: true, withFileTypes: true });
    const records = files.filter(
      (each) => each.isFile() && each.parentPath.match(/links|tags|grants/),
    );
    expect(records.length).toBeGreaterThan(4);
    for (const [at, { parentPath, name: file }] of records.entries())
      await writeFile(
        join(parentPath, file),
        ['{"digest":', '', '[]', '{"digest":7,"checkedAtMs":"x"}'][at % 4] ?? '',
      );
    await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
    expect((await ociPull(cache.url, { name, reference: 'v1' })).failures).toEqual([]);
  });

  it('a directory of a later version is refused with what to do, and left as it is', async () => {
    {
      await using cache = await startTestCache({ upstreams: [upstream.url], home: home.path });
      await ociPull(cache.url, { name, reference: 'v1' });
    }
    const file = join(home.path, 'cache', 'ashlar-cache.json');
    const format = JSON.parse(await readFile(file, 'utf8')) as { version: number };
    await writeFile(file, JSON.stringify({ ...format, version: 999 }));
    await expect(
      startTestCache({ upstreams: [upstream.url], home: home.path }),
    ).rejects.toMatchObject({
      code: 'store_newer_format',
      message: expect.stringContaining('999') as string,
    });
    expect((await blobFiles(home.path)).length).toBe(4);
  });

  it('nothing that is half there can be asked for, whatever the fetch comes to', async () => {
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      home: home.path,
      core: { retry: { attempts: 1 }, limits: { wholeBytes: 100_000, heldMs: 0 } },
    });
    const { blobs } = await upstream.facts(name, 'v1');
    const layer = blobs.find(({ size }) => size > 1_000_000);
    await upstream.change({ faults: [{ fault: { name: 'truncated' }, kinds: ['blob'] }] });
    const answer = await ask(`${cache.url}/v2/${name}/blobs/${layer?.digest}`);
    expect(answer.status === 502 || answer.end === 'broken').toBe(true);
    await upstream.change({ faults: [] });
    expect(await blobFiles(home.path)).toEqual([]);
    await expect.poll(() => readdir(join(home.path, 'spool'))).toEqual([]);
  });
});

async function blobFiles(home: string): Promise<string[]> {
  const files = await readdir(join(home, 'cache'), { recursive: true, withFileTypes: true });
  return files
    .filter((each) => each.isFile() && each.parentPath.includes('/blobs/'))
    .map(({ parentPath, name: file }) => join(parentPath, file));
}

async function keptBlobBytes(home: string): Promise<number> {
  const sizes = await Promise.all(
    (await blobFiles(home)).map(async (path) => (await readFile(path)).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  await writeFile(path, bytes);
}
