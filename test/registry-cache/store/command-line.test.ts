import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { runCacheCommand } from '../support/cache-process.ts';
import { registryName } from '../support/test-cache.ts';

const platforms = ['linux/amd64', 'linux/arm64'];

describe('what is kept, from the command line', () => {
  const home = scratchDir('registry-cache-commands');
  let upstream: RecordedOciRegistry;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [
        { repository: 'team/app', images: [{ platforms, layerBytes: 50_000, layers: 2 }] },
        { repository: 'team/one', images: [{ seed: 5, layerBytes: 50_000, layers: 1 }] },
      ],
    });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());
  const run = async (command: string, ...args: string[]) => {
    const all = [...args, '--output', 'json'];
    const { exitCode, stdout, stderr } = await runCacheCommand(command, {
      home,
      upstream: upstream.url,
      args: all,
    });
    const text = stdout.toString();
    return {
      exitCode,
      said: text === '' ? null : (JSON.parse(text) as object),
      stderr: stderr.toString(),
    };
  };
  const image = (name: string): string => `${registryName}/${name}`;

  it('warm fetches one platform, or all, and says what failed and why', async () => {
    const one = await run('warm', image('team/app:latest'), '--platform', 'linux/arm64');
    expect(one).toMatchObject({
      exitCode: 0,
      said: { images: [{ manifests: 2, blobs: 3 }], failures: [] },
    });
    expect((await upstream.counts()).requests['GET blob']).toBe(3);
    const all = await run('warm', image('team/app:latest'));
    expect(all).toMatchObject({ exitCode: 0, said: { images: [{ manifests: 3, blobs: 6 }] } });
    expect((await upstream.counts()).requests['GET blob']).toBe(6);
    const mixed = await run(
      'warm',
      image('team/none:latest'),
      image('team/one:latest'),
      'elsewhere.test/x:1',
    );
    expect(mixed).toMatchObject({
      exitCode: 5,
      said: {
        images: [{ image: image('team/one:latest') }],
        failures: [{ subject: image('team/none:latest') }, { subject: 'elsewhere.test/x:1' }],
      },
    });
    const strange = await run('warm', image('team/app:latest'), '--platform', 'plan9/mips');
    expect(strange).toMatchObject({
      exitCode: 5,
      said: { failures: [{ problem: expect.stringContaining('plan9') as string }] },
    });
  });

  it('ls names what is kept', async () => {
    const listed = await run('ls');
    const tag = { registry: registryName, tag: 'latest', access: 'public' };
    expect(listed).toMatchObject({
      exitCode: 0,
      said: [
        { ...tag, repository: 'team/app' },
        { ...tag, repository: 'team/one' },
      ],
    });
  });

  it('verify finds what is damaged, removes it with --repair, and warm fetches it again', async () => {
    expect(await run('verify')).toMatchObject({ exitCode: 0, said: { damaged: [] } });
    const cache = join(home, 'registry-cache', 'cache');
    const files = (await readdir(cache, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    const blob = files.find(({ parentPath }) => parentPath.includes('/blobs/'));
    const link = files.find(({ parentPath }) => parentPath.includes('/links/'));
    for (const each of [blob, link])
      await writeFile(join(each?.parentPath ?? '', each?.name ?? ''), 'other');
    const found = await run('verify');
    expect([found.exitCode, (found.said as { damaged: unknown[] }).damaged.length]).toEqual([6, 2]);
    expect((await run('verify', '--repair')).exitCode).toBe(0);
    expect(await run('verify')).toMatchObject({ exitCode: 0, said: { damaged: [] } });
    const again = await run('warm', image('team/app:latest'), image('team/one:latest'));
    expect(again).toMatchObject({ exitCode: 0, said: { failures: [] } });
  });

  it('prune says what would go, and leaves what was used a moment ago', async () => {
    const report = await run('prune', '--to', '1K', '--dry-run');
    expect(report.exitCode).toBe(0);
    expect((report.said as { wouldRemoveBytes: number }).wouldRemoveBytes).toBeGreaterThan(200_000);
    const kept = await run('prune', '--to', '1G');
    expect(kept).toMatchObject({ exitCode: 0, said: { removedObjects: 0, fits: true } });
    const recent = await run('prune', '--to', '1K');
    expect(recent).toMatchObject({ exitCode: 6, said: { fits: false } });
  });

  it('a directory of a later version is refused with what to do', async () => {
    const file = join(home, 'registry-cache', 'cache', 'ashlar-cache.json');
    await writeFile(file, '{"format":"ashlar-cache","version":999}\n');
    const refused = await run('ls');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr + JSON.stringify(refused.said)).toContain('999');
  });
});
