import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { createBucket, startCephRgw, whyNoCephRgw } from '../../support/ceph-rgw.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { pullBurst } from '../../support/oci-registry/pull/pull-burst.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { runCacheCommand, startCacheProcess } from '../support/cache-process.ts';

const app = { name: 'team/app', reference: 'latest' };
const contents = [{ repository: app.name, images: [{ layerBytes: [20_000, 6_000_000] }] }];
const noRgw = await whyNoCephRgw();

describe('caches in several processes', () => {
  const scratch = scratchDir('registry-cache-processes');
  let stack = new AsyncDisposableStack();
  let homes = 0;
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });
  const home = (): string => join(scratch, `home${(homes += 1)}`);
  const open = async (): Promise<RecordedOciRegistry> =>
    stack.use(await startRecordedOciRegistry({ contents, latencyMs: 50 }));
  const largestOf = async (upstream: RecordedOciRegistry): Promise<string> => {
    const { blobs } = await upstream.facts(app.name, app.reference);
    return blobs.toSorted((a, b) => b.size - a.size)[0]?.digest ?? '';
  };

  it('on one directory fetch each manifest and blob once together', async () => {
    const upstream = await open();
    const options = { home: home(), upstream: upstream.url };
    const [one, other] = await Promise.all([
      startCacheProcess(options),
      startCacheProcess(options),
    ]);
    stack.use(one);
    stack.use(other);
    const bursts = await Promise.all(
      [one, other].map(({ url }) => pullBurst(url, { ...app, pulls: 8 })),
    );
    expect(bursts).toMatchObject([
      { ok: 8, wrongBytes: 0 },
      { ok: 8, wrongBytes: 0 },
    ]);
    const { requests } = await upstream.counts();
    expect([requests['GET manifest'], requests['GET blob']]).toEqual([1, 3]);
    await upstream.outage('refuse');
    for (const { url } of [one, other]) expect((await ociPull(url, app)).ok).toBe(true);
  });

  it('go on where one of them is killed in the middle of a fetch that others wait for', async () => {
    const upstream = await open();
    const options = { home: home(), upstream: upstream.url };
    const [one, other] = await Promise.all([
      startCacheProcess(options),
      startCacheProcess(options),
    ]);
    stack.use(one);
    stack.use(other);
    const digest = await largestOf(upstream);
    const path = `/v2/${app.name}/blobs/${digest}`;
    await upstream.change({
      faults: [{ fault: { name: 'stall-in-body' }, kinds: ['blob'], method: 'GET', nth: [1] }],
    });
    const lost = ask(`${one.url}${path}`, { idleMs: 30_000 });
    await expect
      .poll(async () => (await upstream.counts()).faults['stall-in-body'], { timeout: 10_000 })
      .toBe(1);
    const waiting = [1, 2, 3].map(() => ask(`${other.url}${path}`, { idleMs: 30_000 }));
    await one.kill();
    expect((await lost).end).toBe('broken');
    for (const { status, body } of await Promise.all(waiting))
      expect([status, digestOf(body)]).toEqual([200, digest]);
    expect((await upstream.counts()).requests['GET blob']).toBe(2);
    const verified = await runCacheCommand('verify', { ...options, args: ['--output', 'json'] });
    expect([verified.exitCode, JSON.parse(verified.stdout.toString())]).toMatchObject([
      0,
      { damaged: [] },
    ]);
  });

  it.skipIf(noRgw !== null)(
    `of two hosts on one bucket give out what the other has stored${noRgw === null ? '' : ` (${noRgw})`}`,
    async () => {
      const rgw = stack.use(await startCephRgw());
      await createBucket(rgw, 'images');
      const upstream = await open();
      const env = {
        AWS_ACCESS_KEY_ID: rgw.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: rgw.credentials.secretAccessKey,
      };
      const args = ['--cache', `s3://images/oci?endpoint=${rgw.endpoint}`];
      const start = () => startCacheProcess({ home: home(), upstream: upstream.url, args, env });
      const one = stack.use(await start());
      const other = stack.use(await start());
      const bursts = await Promise.all(
        [one, other].map(({ url }) => pullBurst(url, { ...app, pulls: 5 })),
      );
      expect(bursts).toMatchObject([
        { ok: 5, wrongBytes: 0 },
        { ok: 5, wrongBytes: 0 },
      ]);
      expect((await upstream.counts()).requests['GET blob']).toBeLessThanOrEqual(6);
      const third = stack.use(await start());
      await expect
        .poll(
          async () => {
            await upstream.outage('refuse');
            return (await ociPull(third.url, app)).failures;
          },
          { timeout: 20_000, interval: 500 },
        )
        .toEqual([]);
    },
  );
});
