import { execFile } from 'node:child_process';
import { createSign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { RegistryClientOptions } from '../../../src/oci/registry/client-context.ts';
import { createRegistryClient } from '../../../src/oci/registry/registry-client.ts';
import { buildImage, buildIndex, writeLayout } from '../support/build-image.ts';
import { makeCertificate, type CertificateFiles } from '../support/certificate.ts';
import { collect, noise } from '../support/byte-streams.ts';
import { startDockerRegistry, type DockerRegistry } from '../support/docker-registry.ts';
import { rejectionOf } from '../support/failures.ts';
import { makeTar } from '../support/make-tar.ts';
import { hasProgram } from '../support/programs.ts';

const run = promisify(execFile);
const missing = ['docker-registry', 'skopeo', 'openssl'].filter((name) => !hasProgram(name));
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')})`;

/** bcrypt of "secret", as htpasswd -B writes it. */
const htpasswd = 'ann:$2y$05$.eJVpsSpFw2fABrww82LD.ML7lbUptDDNHcb3GstOd4jA98XDY.pe\n';
const lower = makeTar({ 'etc/os-release': 'ID=test\n', noise: noise(5_000_000) });
const upper = makeTar({ 'etc/motd': 'hello\n' });
const layers = [
  { tar: lower, compression: 'gzip' },
  { tar: upper, compression: 'zstd' },
  { tar: upper, compression: 'none' },
] as const;
const oci = buildImage({ layers });
const single = buildImage({ layers: [{ tar: lower, compression: 'gzip' }] });
const arm = buildImage({
  layers: [{ tar: upper, compression: 'gzip' }],
  platform: { os: 'linux', architecture: 'arm64' },
});
const multi = buildIndex({ 'linux/arm64': arm, 'linux/amd64': oci });
const pair = buildIndex({ 'linux/arm64': arm, 'linux/amd64': single });

describe.skipIf(missing.length > 0)(`Debian's docker-registry${reason}`, () => {
  let temp: TempDir;
  let layout: string;

  beforeAll(async () => {
    temp = await createTempDir(tmpdir(), 'ashlar-pull');
    layout = join(temp.path, 'layout');
    writeLayout(layout, { oci, single, multi, pair });
  });
  afterAll(() => temp[Symbol.asyncDispose]());

  /** Has skopeo put an image of the layout into a registry. */
  async function push(tag: string, to: string, ...flags: readonly string[]): Promise<void> {
    const fixed = ['--insecure-policy', 'copy', '--all', '--dest-tls-verify=false'];
    await run('skopeo', [...fixed, ...flags, `oci:${layout}:${tag}`, `docker://${to}`]);
  }

  describe('without a login', () => {
    let registry: DockerRegistry;
    beforeAll(async () => {
      registry = await startDockerRegistry();
      for (const tag of ['oci', 'single', 'multi']) {
        await push(tag, `${registry.host}/a/b:${tag}`, '--preserve-digests');
      }
      await push('pair', `${registry.host}/a/b:docker-pair`, '--format', 'v2s2');
      await push('single', `${registry.host}/a/b:docker`, '--format', 'v2s2');
    });
    afterAll(() => registry[Symbol.asyncDispose]());

    it.each([
      ['oci', oci],
      ['single', single],
      ['multi', oci],
    ])('serves %s', async (tag, image) => {
      const pulled = await pull(`${registry.host}/a/b:${tag}`, { env: {} });
      expect(pulled.digest).toBe(image.digest);
      expect(pulled.tars.map((tar, at) => tar.equals(image.tars[at] ?? Buffer.of()))).toEqual(
        image.tars.map(() => true),
      );
    });

    it.each([
      ['docker', 'application/vnd.docker.distribution.manifest.v2+json'],
      ['docker-pair', 'application/vnd.docker.distribution.manifest.list.v2+json'],
    ])('serves %s in the form of Docker', async (tag, mediaType) => {
      await using client = createRegistryClient({ env: {} });
      const reference = parseReference(`${registry.host}/a/b:${tag}`);
      expect(await client.fetchManifest(reference)).toMatchObject({ mediaType });
      const pulled = await pull(`${registry.host}/a/b:${tag}`, { env: {} });
      expect(pulled.tars.map((tar) => tar.equals(lower))).toEqual([true]);
    });

    it('serves another platform, by digest too', async () => {
      const name = `${registry.host}/a/b@${multi.digest}`;
      const pulled = await pull(name, { env: {} }, 'linux/arm64');
      expect(pulled.digest).toBe(arm.digest);
    });

    it('tells the digest of a tag', async () => {
      await using client = createRegistryClient({ env: {} });
      const reference = parseReference(`${registry.host}/a/b:multi`);
      expect(await client.resolve(reference)).toBe(multi.digest);
      const none = parseReference(`${registry.host}/a/b:none`);
      expect(await rejectionOf(() => client.resolve(none))).toMatchObject({
        code: 'base_not_found',
        message: expect.stringContaining('MANIFEST_UNKNOWN: manifest unknown'),
      });
    });
  });

  it('asks for a password (htpasswd), which docker login has stored', async () => {
    const file = join(temp.path, 'htpasswd');
    writeFileSync(file, htpasswd);
    const auth = ['auth:', `  htpasswd: { realm: test, path: ${file} }`];
    await using registry = await startDockerRegistry({ auth });
    await push('single', `${registry.host}/private:1`, '--dest-creds', 'ann:secret');
    const name = `${registry.host}/private:1`;

    const none = await rejectionOf(() => pull(name, { env: { HOME: '/nonexistent' } }));
    expect(none).toMatchObject({ code: 'registry_auth_required' });

    const config = join(temp.path, 'docker');
    mkdirSync(config);
    const stored = Buffer.from('ann:secret').toString('base64');
    const auths = { [registry.host]: { auth: stored } };
    writeFileSync(join(config, 'config.json'), JSON.stringify({ auths }));
    const pulled = await pull(name, { env: { DOCKER_CONFIG: config } });
    expect(pulled.digest).toBe(single.digest);
  });

  it('asks for a signed token, which a token service gives for a password', async () => {
    const files = makeCertificate(temp.path, 'tokens');
    await using tokens = await startTokenService(files);
    await using registry = await startDockerRegistry({
      auth: [
        'auth:',
        '  token:',
        `    realm: ${tokens.url}`,
        '    service: test-registry',
        '    issuer: test-issuer',
        `    rootcertbundle: ${files.certificate}`,
      ],
    });
    const name = `${registry.host}/private/app:1`;
    await push('oci', name, '--preserve-digests', '--dest-creds', 'ann:secret');
    tokens.asked.length = 0;
    const right = { kind: 'password', username: 'ann', password: 'secret' } as const;
    const pulled = await pull(name, {
      env: {},
      credentials: async () => ({ credential: right, problem: null }),
    });
    expect(pulled.digest).toBe(oci.digest);
    expect(tokens.asked).toEqual(['repository:private/app:pull']);

    const wrong = { ...right, password: 'wrong' };
    const refused = () =>
      pull(name, { env: {}, credentials: async () => ({ credential: wrong, problem: null }) });
    expect(await rejectionOf(refused)).toMatchObject({
      code: 'registry_auth_required',
      message: expect.stringContaining('refused the credentials'),
    });
  });

  it('is believed over TLS only with a known authority (NODE_EXTRA_CA_CERTS)', async () => {
    const tls = makeCertificate(temp.path, 'tls');
    await using registry = await startDockerRegistry({ tls });
    await push('single', `${registry.host}/app:1`);
    const name = `${registry.host}/app:1`;
    const options = { env: {}, schemes: { [registry.host]: 'https' } } as const;
    expect(await rejectionOf(() => pull(name, options))).toMatchObject({
      code: 'registry_untrusted',
      message: expect.stringMatching(/self-signed certificate .*\(1 attempt\)$/),
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    // Node reads the variable at its start, so it takes a process of its own.
    const script = `
      const { createRegistryClient } = await import(process.argv[1]);
      const { parseReference } = await import(process.argv[2]);
      const kinds = [];
      const client = createRegistryClient({
        env: {}, schemes: { [process.argv[3]]: 'https' }, onTiming: ({ kind }) => kinds.push(kind),
      });
      const { digest } = await client.fetchManifest(parseReference(process.argv[3] + '/app:1'));
      await client[Symbol.asyncDispose]();
      console.log(digest, kinds.join());
    `;
    const modules = ['registry/registry-client.ts', 'reference.ts'].map(
      (path) => new URL(`../../../src/oci/${path}`, import.meta.url).href,
    );
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', script, ...modules, registry.host],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: tls.certificate } },
    );
    expect(stdout.trim()).toBe(`${single.digest} connect,tls,registry,registry`);
  });
});

interface TokenService extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
}

/** Gives tokens as docker-registry wants them signed (docker/distribution, spec/auth/jwt.md). */
async function startTokenService(files: CertificateFiles): Promise<TokenService> {
  const asked: string[] = [];
  const chain = [new X509Certificate(readFileSync(files.certificate)).raw.toString('base64')];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    const password = Buffer.from(
      request.headers.authorization?.slice(6) ?? '',
      'base64',
    ).toString();
    if (password !== 'ann:secret') {
      response.writeHead(401).end();
      return;
    }
    asked.push(...searchParams.getAll('scope'));
    const access = searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: 'test-issuer', aud: 'test-registry', sub: 'ann', exp: nowS + 60, access };
    const head = encode({ typ: 'JWT', alg: 'RS256', x5c: chain });
    const body = `${head}.${encode({ ...claims, nbf: nowS - 5, iat: nowS, jti: String(asked.length) })}`;
    const signature = createSign('sha256').update(body).sign(readFileSync(files.key), 'base64url');
    response.end(JSON.stringify({ token: `${body}.${signature}` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function pull(name: string, registry: RegistryClientOptions, platform = 'linux/amd64') {
  await using source = await openImageSource(`docker://${name}`, { platform, registry });
  const tars: Buffer[] = [];
  for (const layer of source.layers) tars.push(await collect(layer.open()));
  return { digest: source.manifestDigest, tars };
}
