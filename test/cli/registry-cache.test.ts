import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/process/run-command.ts';
import { makeCertificate } from '../oci/support/certificate.ts';
import { hasProgram } from '../oci/support/programs.ts';
import { ociPull } from '../support/oci-registry/pull/oci-pull.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../support/oci-registry/recorded-oci-registry.ts';
import { scratchDir } from '../support/scratch.ts';
import {
  ashlarProgram,
  startCacheProcess,
} from '../registry-cache/clients-real/support/cache-process.ts';

const scratch = scratchDir('cli-cache');

/** Runs `ashlar registry-cache` to its end, with a state directory of that name. */
async function run(home: string, ...args: readonly string[]) {
  const env = { ...process.env, ASHLAR_HOME: join(scratch, home), ASHLAR_STORE: '' };
  const given = ['registry-cache', ...args];
  const { exitCode, stdout, stderr } = await runCommand(ashlarProgram, given, {
    env,
    timeoutMs: 20_000,
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

function fileOf(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

const serve = ['serve', '--listen', '127.0.0.1:0'];

describe('a registry cache that is told what cannot be', () => {
  it.concurrent.for<[string, readonly string[], RegExp]>([
    ['--upstream nonsense', [...serve, '--upstream', 'nonsense'], /--upstream: .* no host/],
    ['--upstream of ftp', [...serve, '--upstream', 'docker.io=ftp://x'], /docker\.io: is no http/],
    ['a root that it has not', [...serve, '--root', 'nope.test'], /--root: .*"nope\.test"/],
    ['--listen of no port', ['serve', '--listen', '127.0.0.1:99999'], /--listen is no host:port/],
    ['--listen elsewhere', ['serve', '--listen', '192.0.2.1:5050'], /no address of this machine/],
    ['a config that is not there', [...serve, '--config', '/none.json'], /none\.json: .*ENOENT/],
    ['a directory as config', [...serve, '--config', '/etc'], /\/etc: .*EISDIR/],
    ['half of TLS', [...serve, '--tls-cert', '/none'], /TLS needs all of --tls-listen/],
    ['a size that is none', [...serve, '--max-cache', 'lots'], /--max-cache is not a size/],
    ['a client that it does not know', ['configure', 'dockr'], /no client "dockr"[^]*docker, cont/],
    ['docker and another root', ['configure', 'docker', '--root', 'ghcr.io'], /root registry is g/],
    ['a registry that it has not', ['configure', 'podman', '--registry', 'x.test'], /no registry/],
    ['its address with a path', ['configure', 'podman', '--cache-url', 'http://x/y'], /no plain/],
    ['a status of no address', ['status', '--cache-url', 'nonsense'], /--cache-url is no address/],
    ['prune without a size', ['prune'], /--to <size>/],
    ['nothing to warm', ['warm'], /missing required argument 'image'/],
  ])('%s: exit code 2, and says so', async ([, args, says]) => {
    const { exitCode, stdout, stderr } = await run('bad', ...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/\n {2}next: /);
    expect(stderr).not.toContain('internal');
  });

  it('a configuration with an error: exit code 2, and the place', async () => {
    for (const [text, says] of [
      ['{"registries": [', /config\.json: is no JSON/],
      ['{"registres": []}', /config\.json: .*registres/],
      [
        '{"registries": [{"name": "x.test", "endpoints": ["http://u:p@x/"]}]}',
        /registries\[0\]\.e/,
      ],
    ] as const) {
      const { exitCode, stderr } = await run(
        'bad',
        ...serve,
        '--config',
        fileOf('config.json', text),
      );
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(says);
    }
  });

  it('a port in use: exit code 6, and the address; no cache at the address: 6 too', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { exitCode, stderr } = await run('port', 'serve', '--listen', `127.0.0.1:${port}`);
    expect([exitCode, stderr]).toEqual([6, expect.stringContaining(`127.0.0.1:${port}`)]);
    expect(readdirSync(join(scratch, 'port/registry-cache'))).not.toContain('serving');
    other.close();
    await once(other, 'close');
    const status = await run('port', 'status', '--cache-url', `http://127.0.0.1:${port}`);
    expect([status.exitCode, status.stderr]).toEqual([
      6,
      expect.stringContaining(`no registry cache answers at http://127.0.0.1:${port}`),
    ]);
  });
});

it('options that may be repeated leave the arguments behind them alone', async () => {
  const platforms = ['--platform', 'linux/amd64', '--platform', 'linux/arm64'];
  const upstream = ['--upstream', 'docker.io=http://127.0.0.1:1'];
  const warmed = await run('repeated', 'warm', ...platforms, ...upstream, 'elsewhere.test/x:1');
  expect([warmed.exitCode, warmed.stdout]).toEqual([
    5,
    expect.stringContaining('failed: elsewhere.test/x:1: elsewhere.test is no registry'),
  ]);
  const registries = ['--registry', 'docker.io', '--registry', 'ghcr.io'];
  const { stdout } = await run('repeated', 'configure', ...registries, 'containerd');
  const written = stdout.match(/(?<=certs\.d\/).*(?=\/hosts\.toml)/g);
  expect(written).toEqual(['docker.io', 'ghcr.io']);
});

it('each command has a help', async () => {
  const all = await run('help', '--help');
  expect(all.exitCode).toBe(0);
  const commands = ['serve', 'status', 'configure', 'warm', 'ls', 'verify', 'prune'];
  for (const name of commands) expect(all.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  const one = await run('help', 'configure', '--help');
  expect(one.stdout).toMatch(/--fallback <where>/);
});

describe.skipIf(!hasProgram('openssl'))('TLS (needs openssl)', () => {
  it('takes a certificate with its key, and no other key', async () => {
    const own = makeCertificate(scratch, 'own');
    const other = makeCertificate(scratch, 'other');
    const flags = ['--tls-listen', '127.0.0.1:0', '--tls-cert', own.certificate, '--tls-key'];
    const wrong = await run('tls', ...serve, ...flags, other.key);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toMatch(/are no certificate with its key/);
    await using cache = await startCacheProcess({
      home: join(scratch, 'tls'),
      args: [...flags, own.key],
    });
    const { tls } = JSON.parse(cache.log().split('\n').at(-1) ?? '') as { tls: { port: number } };
    const asked = request({
      host: '127.0.0.1',
      port: tls.port,
      path: '/v2/',
      ca: readFileSync(own.certificate),
    });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });
});

describe('what is kept', () => {
  let upstream: RecordedOciRegistry;
  beforeAll(async () => {
    upstream = await startRecordedOciRegistry({
      contents: [
        {
          repository: 'team/app',
          images: [{ platforms: ['linux/amd64', 'linux/arm64'], layerBytes: 50_000 }],
        },
      ],
    });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());

  it('is warmed, listed, verified, repaired, served, and pruned', async () => {
    const flags = ['--upstream', `registry.test=${upstream.url}`, '--output', 'json'];
    const image = 'registry.test/team/app:latest';
    const one = await run('kept', 'warm', image, '--platform', 'linux/amd64', ...flags);
    expect([one.exitCode, JSON.parse(one.stdout)]).toMatchObject([
      0,
      { images: [{ manifests: 2, blobs: 4 }], failures: [] },
    ]);
    const all = await run('kept', 'warm', image, 'registry.test/team/none:1', ...flags);
    expect([all.exitCode, JSON.parse(all.stdout)]).toMatchObject([
      5,
      {
        images: [{ manifests: 3, blobs: 8 }],
        failures: [{ subject: 'registry.test/team/none:1' }],
      },
    ]);
    const { digest } = await upstream.facts('team/app', 'latest');
    const listed = await run('kept', 'ls', ...flags);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { registry: 'registry.test', repository: 'team/app', tag: 'latest', digest },
    ]);
    const text = await run('kept', 'ls');
    expect(text.stdout).toMatch(/^image +digest.*\nregistry\.test\/team\/app:latest +sha256:/);

    const well = await run('kept', 'verify', ...flags);
    expect([well.exitCode, JSON.parse(well.stdout)]).toMatchObject([
      0,
      { objects: 11, damaged: [] },
    ]);
    const [file = ''] = keptFiles('kept').filter((path) => readFileSync(path).length > 50_000 / 4);
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(9_000) ^ 1, 9_000);
    writeFileSync(file, bytes);
    const hurt = await run('kept', 'verify', ...flags);
    expect([hurt.exitCode, JSON.parse(hurt.stdout)]).toMatchObject([6, { damaged: [{}] }]);
    expect((await run('kept', 'verify', '--repair')).exitCode).toBe(0);
    const again = await run('kept', 'verify', ...flags);
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([0, { damaged: [] }]);

    await upstream.resetCounts();
    await using cache = await startCacheProcess({
      home: join(scratch, 'kept'),
      args: flags.slice(0, 2),
    });
    const pulled = await ociPull(cache.url, {
      name: 'registry.test/team/app',
      reference: 'latest',
      verify: 'all',
    });
    expect(pulled).toMatchObject({ ok: true, wrongBytes: 0 });
    expect((await upstream.counts()).requests['GET blob']).toBe(1);
    const status = await run('kept', 'status', '--cache-url', cache.url, '--output', 'json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      repositories: [{ name: 'registry.test/team/app', failures: 0 }],
    });
    const words = await run('kept', 'status', '--cache-url', cache.url);
    expect(words.stdout).toMatch(/^registry\.test +http:\/\/127\.0\.0\.1:\d+ +well/m);
    expect(words.stdout).toContain('nothing is slow and nothing fails');
    await cache[Symbol.asyncDispose]();
    expect(readdirSync(join(scratch, 'kept/registry-cache/serving'))).toEqual([]);

    age('kept');
    const dry = await run('kept', 'prune', '--to', '100K', '--dry-run', ...flags.slice(2));
    const { heldBytes } = JSON.parse(dry.stdout) as { readonly heldBytes: number };
    expect([dry.exitCode, heldBytes > 300_000, keptBytes('kept') >= heldBytes]).toEqual([
      0,
      true,
      true,
    ]);
    const pruned = await run('kept', 'prune', '--to', '100K', ...flags.slice(2));
    expect([pruned.exitCode, JSON.parse(pruned.stdout)]).toMatchObject([0, { fits: true }]);
    expect(keptBytes('kept')).toBeLessThan(150_000);
  });
});

/** Makes the cache one whose index was lost and whose files were used hours ago. */
function age(home: string): void {
  const directory = join(scratch, home, 'registry-cache');
  for (const name of readdirSync(directory))
    if (name.startsWith('usage-')) rmSync(join(directory, name));
  const before = new Date(Date.now() - 5 * 3600_000);
  for (const file of keptFiles(home)) utimesSync(file, before, before);
}

function keptFiles(home: string): readonly string[] {
  const directory = join(scratch, home, 'registry-cache/cache');
  mkdirSync(directory, { recursive: true });
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

function keptBytes(home: string): number {
  return keptFiles(home).reduce((sum, file) => sum + readFileSync(file).length, 0);
}
