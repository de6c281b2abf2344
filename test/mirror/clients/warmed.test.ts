import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient } from '../../support/npm-clients/install-client.ts';
import { openSet, whyNoSet } from '../../support/npm-registry/record-set.ts';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ageCache, filesBelow } from '../processes/support/age-cache.ts';
import {
  ashlarProgram,
  type MirrorProcess,
  startMirrorProcess,
} from '../processes/support/mirror-process.ts';
import { installWith } from './reference.ts';

const client = await installClient(clientOf('npm10'));
const lack = (await whyNoSet('small')) ?? (typeof client === 'string' ? client : null);

/** The tests go on from one another. */
describe.skipIf(lack !== null)(
  `a cache that is looked after${lack === null ? '' : ` (${lack})`}`,
  () => {
    const scratch = scratchDir('warmed');
    const home = join(scratch, 'home');
    const cache = join(home, 'mirror/cache');
    const lockfile = join(scratch, 'package-lock.json');
    let upstream: RecordedRegistry;
    let mirror: MirrorProcess;
    let tarballs = 0;
    beforeAll(async () => {
      upstream = await startRecordedRegistry({ set: 'small' });
      const recorded = await upstream.recorded();
      tarballs = recorded.tarballs.length;
      await writeFile(lockfile, recorded.lockfile);
    });
    afterAll(async () => {
      await mirror?.[Symbol.asyncDispose]();
      await upstream?.[Symbol.asyncDispose]();
    });

    const run = async (...args: readonly string[]) => {
      const all = ['mirror', ...args, '--upstream', upstream.url, '--output', 'json'];
      const env = { ...process.env, ASHLAR_HOME: home, ASHLAR_STORE: join(home, 'store') };
      const { exitCode, stdout } = await runCommand(ashlarProgram, all, { env, timeoutMs: 60_000 });
      return { exitCode, said: JSON.parse(stdout.toString()) as Record<string, unknown> };
    };
    const install = async (name: string): Promise<void> => {
      if (typeof client === 'string') throw new TypeError(client);
      const directory = join(scratch, name);
      const { packageJson } = await openSet('small');
      const { tree } = await installWith({
        installed: client,
        operation: 'ci',
        packageJson,
        directory,
        launch: (command) => command,
        registry: mirror.url,
        prepare: async () =>
          writeFile(join(directory, 'package-lock.json'), await readFile(lockfile)),
      });
      expect(tree.length).toBeGreaterThan(200);
    };

    it('is filled by a lockfile, once', async () => {
      const first = await run('warm', lockfile);
      expect(first).toMatchObject({
        exitCode: 0,
        said: { fetched: tarballs, kept: 0, failures: [] },
      });
      const second = await run('warm', lockfile);
      expect(second).toMatchObject({
        exitCode: 0,
        said: { fetched: 0, kept: tarballs, failures: [] },
      });
      const { requests } = await upstream.counts();
      expect(Object.entries(requests).filter(([, times]) => times > 1)).toEqual([]);
    });

    it('serves an install with upstream gone that nobody made before', async () => {
      await upstream.outage('refuse');
      mirror = await startMirrorProcess({ home, args: ['--upstream', upstream.url] });
      await install('gone');
    });

    it('says what cannot be had', async () => {
      const more = join(scratch, 'more.json');
      const text = await readFile(lockfile, 'utf8');
      await writeFile(more, text.replace(/(\/is-number\/-\/is-number)-7\.0\.0/, '$1-7.0.1'));
      await upstream.restore();
      const { exitCode, said } = await run('warm', more);
      expect(exitCode).toBe(5);
      expect(said).toMatchObject({
        kept: tarballs - 1,
        failures: [{ subject: 'is-number@7.0.0' }],
      });
    });

    it('is read to find a flipped byte, which is fetched again once it is removed', async () => {
      expect(await run('verify')).toMatchObject({ exitCode: 0, said: { damaged: [] } });
      const [blob = ''] = await filesBelow(join(cache, 'blobs'));
      const right = await readFile(blob);
      const wrong = Buffer.from(right);
      wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] ?? 0) ^ 1;
      await writeFile(blob, wrong);
      const key = blob.slice(cache.length + 1);
      const found = await run('verify');
      expect(found).toMatchObject({ exitCode: 6, said: { damaged: [{ key }] } });
      expect(await readFile(blob)).toEqual(wrong);
      const mended = await run('verify', '--repair');
      expect(mended).toMatchObject({ exitCode: 0, said: { damaged: [{ key }] } });
      expect(await run('verify')).toMatchObject({ exitCode: 0, said: { damaged: [], evicted: 1 } });
      await run('warm', lockfile);
      expect(await readFile(blob)).toEqual(right);
    });

    it('gives room back, the rest is whole and what is gone is fetched anew', async () => {
      await mirror[Symbol.asyncDispose]();
      await ageCache(home);
      const before = (await filesBelow(cache)).length;
      const dry = await run('prune', '--to', '100K', '--dry-run');
      expect(dry.exitCode).toBe(0);
      expect((await filesBelow(cache)).length).toBe(before);
      expect(await run('prune', '--to', '100K')).toMatchObject({
        exitCode: 0,
        said: { fits: true },
      });
      expect((await filesBelow(cache)).length).toBeLessThan(before);
      expect(await run('verify')).toMatchObject({ exitCode: 0, said: { damaged: [] } });
      mirror = await startMirrorProcess({ home, args: ['--upstream', upstream.url] });
      await install('pruned');
    });
  },
);
