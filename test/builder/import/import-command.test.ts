import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { json } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.ts';
import { runChecked } from '../../../src/process/run-command.ts';
import { buildImage, buildIndex, writeLayout } from '../../oci/support/build-image.ts';
import { noise } from '../../oci/support/byte-streams.ts';
import { startDockerRegistry } from '../../oci/support/docker-registry.ts';
import { hasProgram } from '../../oci/support/programs.ts';
import { startTestRegistry } from '../../oci/support/test-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ashlar } from './support/ashlar-cli.ts';
import { importSource, startRun } from './support/import-layers.ts';
import { directory, file, hardLink, symlink, tarOf, whiteout } from './support/layer-records.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const low = await tarOf([
  directory('bin'),
  file('bin/tool', noise(3_000_000), { mode: 0o755 }),
  file('etc/old'),
  symlink('usr/bin', '../bin'),
]);
const high = await tarOf([
  whiteout('etc/old'),
  file('etc/new'),
  hardLink('usr/bin/alias', 'bin/tool'),
]);
const image = buildImage({
  platform: amd64,
  layers: [
    { tar: low, compression: 'gzip' },
    { tar: high, compression: 'gzip' },
  ],
});
const forArm = buildImage({
  platform: { os: 'linux', architecture: 'arm64' },
  layers: [{ tar: await tarOf([file('for-arm')]), compression: 'gzip' }],
});

interface ImportOutput {
  readonly digest: string;
  readonly tag: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly ledger: { readonly byKind: Readonly<Record<string, number>> };
}

const disk = ['--disk', '1G', '--platform', 'linux/amd64'];

describe('ashlar image import', () => {
  const scratch = scratchDir('import-command');
  const layout = join(scratch, 'layout');
  const expected = { digest: '' };

  const importJson = async (home: string, source: string): Promise<ImportOutput> => {
    const args = ['image', 'import', source, '-t', 'app:v1', ...disk, '--output', 'json'];
    const { exitCode, stdout, stderr } = await ashlar(join(scratch, home), args);
    if (exitCode !== 0)
      throw new Error(`exit code ${exitCode}: ${stdout.toString()}${stderr.toString()}`);
    return JSON.parse(stdout.toString()) as ImportOutput;
  };

  beforeAll(async () => {
    writeLayout(layout, { image });
    using run = startRun(scratch);
    expected.digest = (await importSource(run, `oci:${layout}:image`)).digest;
  });

  it('gives the digest, the tag and what the image holds; another process gives the same digest', async () => {
    const found = await importJson('oci', `oci:${layout}:image`);
    expect(found).toMatchObject({
      digest: expected.digest,
      tag: 'app:v1',
      diskBytes: 1024 ** 3,
      totals: { files: 2, directories: 4, others: 1, hardLinks: 1 },
    });
    expect(Object.keys(found.ledger.byKind)).toEqual(
      expect.arrayContaining(['start', 'source', 'unpack', 'compress', 'layout', 'upload']),
    );
    const list = await ashlar(join(scratch, 'oci'), ['image', 'ls', '--output', 'json']);
    expect(list.stdout.toString()).toContain('"app:v1"');
    expect(list.stdout.toString()).toContain(expected.digest);
    expect(readdirSync(join(scratch, 'oci', 'tmp'))).toEqual([]);
  });

  it.skipIf(!hasProgram('skopeo')).each(['oci-archive', 'docker-archive'])(
    'takes what skopeo writes as %s (needs skopeo)',
    async (kind) => {
      const path = join(scratch, `${kind}.tar`);
      const name = kind === 'docker-archive' ? ':app:v1' : '';
      await runChecked('skopeo', ['copy', `oci:${layout}:image`, `${kind}:${path}${name}`]);
      expect(await importJson(kind, `${kind}:${path}`)).toMatchObject({ digest: expected.digest });
      const args = ['image', 'import', `tar:${path}`, '-t', 'app:v2', ...disk];
      const asTar = await ashlar(join(scratch, kind), args);
      expect(asTar.exitCode).toBe(2);
      expect(asTar.stderr.toString()).toMatch(/is no root file system but a container image/);
      expect(asTar.stderr.toString()).toContain(`next: Name it as ${kind}:${path}\n`);
    },
  );

  it.skipIf(!hasProgram('skopeo') || !hasProgram('docker-registry'))(
    'takes a registry on loopback, by tag and by digest (needs skopeo and docker-registry)',
    async () => {
      await using registry = await startDockerRegistry();
      const target = `docker://${registry.host}/team/app:v1`;
      await runChecked('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        `oci:${layout}:image`,
        target,
      ]);
      expect(await importJson('registry', target)).toMatchObject({ digest: expected.digest });
      const pinned = `${target}@${image.digest}`;
      expect(await importJson('registry', pinned)).toMatchObject({ digest: expected.digest });
      const missing = await failing(
        join(scratch, 'registry-fails'),
        `docker://${registry.host}/team/none:v1`,
      );
      expect(missing).toMatchObject({
        exitCode: 2,
        error: { code: 'base_not_found', class: 'caller' },
      });
    },
  );

  it('takes a root file system, and says where the time went', async () => {
    const path = join(scratch, 'root.tar');
    const records = Array.from({ length: 40 }, (_, number) =>
      file(`f/${number}`, noise(1_000_000, number)),
    );
    writeFileSync(path, await tarOf(records));
    const { exitCode, stdout, stderr } = await ashlar(join(scratch, 'root'), [
      'image',
      'import',
      `tar:${path}`,
      '-t',
      'root',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toMatch(/^root:latest blake3:[0-9a-f]{64}\n$/);
    const share = /^time: .* \+ unexplained [\d.]+s \((\d+) %\)$/m.exec(stderr.toString())?.[1];
    expect(Number(share)).toBeLessThan(10);
  });

  it('takes the image for the platform that is asked for', async () => {
    const both = join(scratch, 'both');
    const index = buildIndex({ 'linux/amd64': image, 'linux/arm64': forArm });
    writeLayout(both, { image: index });
    const home = join(scratch, 'platforms');
    const args = ['image', 'import', `oci:${both}:image`, '-t', 'arm', '--platform', 'linux/arm64'];
    expect((await ashlar(home, args)).exitCode).toBe(0);
    const cat = await ashlar(home, ['image', 'cat', 'arm', '/for-arm']);
    expect(cat.stdout.toString()).toBe('for-arm');
  });
});

interface Failing {
  readonly exitCode: number;
  readonly error: { readonly code: string; readonly class: string; readonly message: string };
}

/** Runs in this process: the start of another takes longer than most of what is tried here. */
async function failing(
  home: string,
  source: string,
  more: readonly string[] = [],
): Promise<Failing> {
  const stdout = new PassThrough();
  const terminal = { stdout, stderr: new PassThrough(), isInteractive: false };
  vi.stubEnv('ASHLAR_HOME', home);
  vi.stubEnv('ASHLAR_STORE', '');
  const args = ['image', 'import', source, '-t', 'bad', ...disk, '--output', 'json', ...more];
  const exitCode = await runCli(args, terminal);
  vi.unstubAllEnvs();
  stdout.end();
  return { exitCode, ...((await json(stdout)) as Pick<Failing, 'error'>) };
}

const caller = (code: string): object => ({ exitCode: 2, error: { code, class: 'caller' } });

describe('ashlar image import of what is not good', () => {
  const scratch = scratchDir('import-fails');
  const sourceOf = async (
    name: string,
    plan: Parameters<typeof buildImage>[0],
  ): Promise<string> => {
    writeLayout(join(scratch, name), { image: buildImage({ platform: amd64, ...plan }) });
    return `oci:${join(scratch, name)}:image`;
  };
  const tarFile = (name: string, bytes: Buffer): string => {
    writeFileSync(join(scratch, name), bytes);
    return `tar:${join(scratch, name)}`;
  };

  it.each([
    ['no such file', 'source_invalid', async () => `tar:${join(scratch, 'none')}`],
    ['no such kind', 'source_invalid', async () => 'zip:file'],
    [
      'an archive without files',
      'source_invalid',
      async () => tarFile('empty.tar', Buffer.alloc(1024)),
    ],
    ['a broken archive', 'layer_invalid', async () => tarFile('cut.tar', low.subarray(0, 100_000))],
    [
      'a hostile archive',
      'layer_hostile',
      async () =>
        sourceOf('loop', {
          layers: [{ tar: await tarOf([symlink('a', 'a'), file('a/f')]), compression: 'gzip' }],
        }),
    ],
    [
      'a wrong digest',
      'source_corrupt',
      async () => sourceOf('wrong', { layers: [{ tar: high, kept: low, compression: 'none' }] }),
    ],
    [
      'a manifest and a configuration that do not match',
      'image_invalid',
      async () =>
        sourceOf('mismatch', {
          layers: [{ tar: low, compression: 'gzip' }],
          changeConfig: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } }),
        }),
    ],
    [
      'an image for another platform',
      'platform_unavailable',
      async () => sourceOf('arm', { platform: { os: 'linux', architecture: 'arm64' }, layers: [] }),
    ],
  ])('%s is %s, for the caller to mend', async (name, code, make) => {
    const home = join(scratch, `home-${code}-${name.length}`);
    const found = await failing(home, await make());
    expect(found).toMatchObject(caller(code));
    expect(existsSync(join(home, 'tmp')) ? readdirSync(join(home, 'tmp')) : []).toEqual([]);
    for (const folder of ['images', 'tags']) {
      const path = join(home, 'store', folder);
      expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
    }
  });

  it('what does not fit is for the caller to mend, who is told which size would do', async () => {
    const tar = await tarOf([file('large', noise(30_000_000))]);
    const source = await sourceOf('large', { layers: [{ tar, compression: 'none' }] });
    const found = await failing(join(scratch, 'too-large'), source, ['--disk', '16M']);
    expect(found).toMatchObject(caller('source_too_large'));
    expect(found.error.message).toMatch(/^oci:.*large:image: the image needs /);
  });

  it('a registry that is not there, or sends wrong bytes, is upstream', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close();
    await once(server, 'close');
    const gone = await failing(join(scratch, 'gone'), `docker://127.0.0.1:${port}/app:v1`);
    expect(gone).toMatchObject({
      exitCode: 5,
      error: { code: 'registry_unavailable', class: 'upstream' },
    });

    await using registry = await startTestRegistry({ v1: image });
    registry.faults.push((request, response, bytes) => {
      if (!request.path.includes('/blobs/') || bytes === null || bytes.length < 1000) return false;
      response.end(Buffer.alloc(bytes.length, 1));
      return true;
    });
    const wrong = await failing(join(scratch, 'wrong-bytes'), `docker://${registry.host}/app:v1`);
    expect(wrong).toMatchObject({
      exitCode: 5,
      error: { code: 'registry_corrupt', class: 'upstream' },
    });
    expect(readdirSync(join(scratch, 'wrong-bytes', 'tmp'))).toEqual([]);
  });

  it("a command line that lacks something is the caller's", async () => {
    const { exitCode, stdout } = await ashlar(join(scratch, 'usage'), [
      'image',
      'import',
      'tar:x',
      '--output',
      'json',
    ]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout.toString())).toMatchObject({ error: { code: 'invalid_request' } });
    const platform = await failing(join(scratch, 'usage'), 'tar:x', [
      '--platform',
      'not/a/real/one/at/all',
    ]);
    expect(platform).toMatchObject(caller('invalid_request'));
  });
});
