import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage, buildIndex } from '../support/build-image.ts';
import { collect } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import { makeTar } from '../support/make-tar.ts';
import { openLayer } from '../support/open-layer.ts';
import { answerJson, startTestRegistry, type TestRegistry } from '../support/test-registry.ts';

const tar = makeTar({ 'etc/motd': 'hello\n' });
const oci = buildImage({ layers: [{ tar, compression: 'gzip' }] });
const docker = buildImage({ layers: [{ tar, compression: 'zstd' }], flavour: 'docker' });
const arm = buildImage({
  layers: [{ tar, compression: 'none' }],
  platform: { os: 'linux', architecture: 'arm64' },
});
const multi = buildIndex({ 'linux/arm64': arm, 'linux/amd64': docker }, 'docker');
const wide = buildImage({ layers: [{ tar, compression: 'gzip' }], algorithm: 'sha512' });
const amd64 = 'linux/amd64';

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ oci, docker, multi, wide });
});
afterAll(() => registry[Symbol.asyncDispose]());
beforeEach(() => {
  registry.faults.length = 0;
  (registry.seen as unknown[]).length = 0;
});

describe('docker://', () => {
  it.each([
    ['oci', oci],
    ['docker', docker],
    ['wide', wide],
  ])('reads the image %s', async (tag, image) => {
    await using client = fastClient();
    const name = `docker://${registry.host}/some/app:${tag}`;
    await using source = await openImageSource(name, { platform: amd64, registryClient: client });
    expect(source).toMatchObject({
      description: `${name}@${image.digest}`,
      manifestDigest: image.digest,
      resolvedDigest: image.digest,
      config: { config: { Cmd: ['sh'] } },
    });
    expect((await collect(openLayer(source))).equals(tar)).toBe(true);
    expect(registry.seen.map(({ method, path }) => `${method} ${path.split('/')[4]}`)).toEqual([
      'GET manifests',
      'GET blobs',
      'GET blobs',
    ]);
  });

  it('follows an index to the platform, by digest', async () => {
    await using client = fastClient();
    const name = `docker://${registry.host}/app:multi`;
    await using source = await openImageSource(name, {
      platform: 'linux/arm64',
      registryClient: client,
    });
    expect(source).toMatchObject({ manifestDigest: arm.digest, resolvedDigest: multi.digest });
    expect(source.description).toBe(`${name}@${multi.digest}`);
    expect(registry.seenPaths(/manifests/).map(({ path }) => path)).toEqual([
      '/v2/app/manifests/multi',
      `/v2/app/manifests/${arm.digest}`,
    ]);
    const open = () => openImageSource(name, { platform: 'linux/riscv64', registryClient: client });
    expect(await rejectionOf(open)).toMatchObject({
      code: 'platform_unavailable',
      message: expect.stringContaining('it offers linux/arm64, linux/amd64'),
    });
  });

  it('always asks for everything that it can read, and for no encoding', async () => {
    await using client = fastClient();
    await client.fetchManifest(parseReference(`${registry.host}/app@${oci.digest}`));
    const headers = registry.seen[0]?.headers ?? {};
    expect(headers.accept?.split(', ')).toEqual([
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v2+json',
    ]);
    expect(headers['accept-encoding']).toBe('identity');
    expect(headers.authorization).toBeUndefined();
  });

  it('makes and closes a client of its own', async () => {
    const options = { platform: amd64, registry: { env: { HOME: '/nonexistent' } } };
    await using source = await openImageSource(`docker://${registry.host}/a:oci`, options);
    expect((await collect(openLayer(source))).equals(tar)).toBe(true);
  });
});

describe('resolve', () => {
  it('asks for the digest of a tag by HEAD', async () => {
    await using client = fastClient();
    const reference = parseReference(`${registry.host}/app:multi`);
    expect(await client.resolve(reference)).toBe(multi.digest);
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD']);
    expect(await client.resolve({ ...reference, digest: oci.digest })).toBe(oci.digest);
    expect(registry.seen).toHaveLength(1);
  });

  it.each([
    ['says 404', 404],
    ['says 405', 405],
    ['says 500', 500],
    ['gives no digest', 200],
  ])('falls back to GET where HEAD %s', async (_, status) => {
    registry.faults.push(({ method }, response) => {
      if (method !== 'HEAD') return false;
      response.writeHead(status).end();
      return true;
    });
    await using client = fastClient();
    expect(await client.resolve(parseReference(`${registry.host}/app:oci`))).toBe(oci.digest);
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('works out the digest where the registry gives none at all', async () => {
    registry.faults.push((_, response, bytes) => {
      response.writeHead(200, { 'content-type': oci.mediaType }).end(bytes);
      return true;
    });
    await using client = fastClient();
    expect(await client.resolve(parseReference(`${registry.host}/app:oci`))).toBe(oci.digest);
  });
});

describe('a registry that refuses', () => {
  it('404 is base_not_found, at once', async () => {
    await using client = fastClient();
    const fetch = () => client.fetchManifest(parseReference(`${registry.host}/app:none`));
    expect(await rejectionOf(fetch)).toMatchObject({
      code: 'base_not_found',
      message: `${registry.host}/app:none: ${registry.host} answered 404 Not Found: MANIFEST_UNKNOWN: this is MANIFEST_UNKNOWN (1 attempt)`,
      data: { registry: registry.host, repository: 'app', reference: 'none', attempts: 1 },
    });
    expect(registry.seen).toHaveLength(1);
  });

  it('403 is registry_auth_required, at once', async () => {
    registry.faults.push((_, response) => answerJson(response, 403, 'DENIED'));
    await using client = fastClient();
    const fetch = () => client.fetchManifest(parseReference(`${registry.host}/app:oci`));
    expect(await rejectionOf(fetch)).toMatchObject({ code: 'registry_auth_required' });
    expect(registry.seen).toHaveLength(1);
  });

  it('HTML with status 200 is registry_corrupt', async () => {
    registry.faults.push((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in first</html>');
      return true;
    });
    await using client = fastClient();
    const name = `docker://${registry.host}/app:oci`;
    const open = () => openImageSource(name, { platform: amd64, registryClient: client });
    expect(await rejectionOf(open)).toMatchObject({
      code: 'registry_corrupt',
      message: expect.stringContaining('not JSON'),
    });
  });

  it('a manifest without end is cut off at 4 MiB', async () => {
    let sentBytes = 0;
    registry.faults.push((_, response) => {
      response.writeHead(200, { 'content-type': oci.mediaType });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')))
          sentBytes += 65_536;
      };
      response.on('drain', more);
      more();
      return true;
    });
    await using client = fastClient();
    const fetch = () => client.fetchManifest(parseReference(`${registry.host}/app:oci`));
    expect(await rejectionOf(fetch)).toMatchObject({
      code: 'registry_corrupt',
      message: expect.stringContaining('limit of 4194304 bytes'),
    });
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  });

  it('a layer without end is cut off at its size', async () => {
    registry.faults.push(({ path }, response) => {
      if (!path.includes('blobs')) return false;
      response.writeHead(200).end(Buffer.alloc(100_000));
      return true;
    });
    await using client = fastClient();
    const blob = { digest: oci.digest, sizeBytes: 99_999 };
    const reference = parseReference(`${registry.host}/app:oci`);
    expect(await rejectionOf(() => client.fetchBlob({ reference, blob }))).toMatchObject({
      code: 'registry_corrupt',
      message: expect.stringContaining('more than the 99999 bytes announced (5 attempts)'),
    });
  });
});
