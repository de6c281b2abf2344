import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBucket, startCephRgw, whyNoCephRgw } from '../../support/ceph-rgw.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { digestOf, get, madePackages, tarballPath } from './support/made-up.ts';
import { startMirrorProcess } from './support/mirror-process.ts';

const lack = await whyNoCephRgw();

describe.skipIf(lack !== null)(
  `mirrors of two hosts on one bucket${lack === null ? '' : ` (${lack})`}`,
  () => {
    const scratch = scratchDir('mirror-hosts');

    it('fetch each thing at most once a host, and give out what the other has stored', async () => {
      await using rgw = await startCephRgw();
      await createBucket(rgw, 'mirror');
      const packages = [...madePackages(8, 50_000), ...madePackages(1, 6 * 1024 ** 2, 'large')];
      const late = madePackages(3, 50_000, 'late');
      await using upstream = await startRecordedRegistry({
        packages: [...packages, ...late],
        latencyMs: 50,
      });
      const env = {
        AWS_ACCESS_KEY_ID: rgw.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: rgw.credentials.secretAccessKey,
      };
      const cache = `s3://mirror/npm?endpoint=${rgw.endpoint}`;
      const args = ['--upstream', upstream.url, '--cache', cache];
      const start = (host: string) => startMirrorProcess({ home: join(scratch, host), args, env });
      await using first = await start('a');
      await using beside = await start('a');
      await using second = await start('b');
      const paths = packages.flatMap((made) => [`/${made.name}`, tarballPath(made)]);
      const mirrors = [first, beside, second];
      const round = async (): Promise<readonly string[]> => {
        const answers = paths.map(async (path) => {
          const asked = mirrors.map((mirror) => get(mirror, path, { host: 'mirror.test' }));
          const digests = new Set((await Promise.all(asked)).map(digestOf));
          expect([path, digests.size]).toEqual([path, 1]);
          return [...digests].join();
        });
        return Promise.all(answers);
      };
      const cold = await round();
      expect(cold.filter((digest) => !digest.startsWith('200 whole '))).toEqual([]);
      const { requests } = await upstream.counts();
      expect(Object.entries(requests).filter(([, times]) => times > 2)).toEqual([]);

      // What one host has stored, the other does not fetch.
      for (const made of late) {
        await get(first, tarballPath(made));
        await expect
          .poll(async () => (await get(first, tarballPath(made))).headers['x-ashlar-cache'])
          .toBe('hit');
      }
      await upstream.outage('refuse');
      expect(await round()).toEqual(cold);
      for (const made of late) {
        expect(await get(second, tarballPath(made))).toMatchObject({ status: 200, end: 'whole' });
      }
    });
  },
);
