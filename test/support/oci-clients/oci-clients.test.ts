import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../../oci/support/docker-registry.ts';
import { hasProgram } from '../../oci/support/programs.ts';
import { scratchDir } from '../scratch.ts';
import { imageName, type OciClient, type OciClientName, ociClientNames } from './oci-client.ts';
import { openOciClient, whyNotSo } from './open-oci-client.ts';
import { type PrefixProxy, startPrefixProxy } from './prefix-proxy.ts';
import { CommandFailed } from './private-machine.ts';
import { processesUsing } from './processes-using.ts';
import { pushTestImages, type TestImages } from './test-images.ts';

const missing = ['docker-registry', 'skopeo'].filter((name) => !hasProgram(name));
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')})`;
const repository = 'library/app';
const tagged = `${repository}:oci`;

const ways = [
  { way: 'mirror', registry: 'docker.io' },
  { way: 'mirror', registry: 'registry.test' },
  { way: 'direct', registry: 'registry.test' },
  { way: 'root', registry: 'docker.io' },
] as const;
type Where = (typeof ways)[number];
const cases = ociClientNames.flatMap((name) =>
  ways
    .filter((where) => whyNotSo(name, { ...where, cacheUrl: '' }) === null)
    .map((where) => [`${name}, ${where.way} of ${where.registry}`, { name, where }] as const),
);

describe.skipIf(missing.length > 0)(`container clients${reason}`, () => {
  const scratch = scratchDir('oci-clients');
  let registry: DockerRegistry;
  let proxy: PrefixProxy;
  let images: TestImages;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    images = await pushTestImages(scratch, { host: registry.host, repository });
    proxy = await startPrefixProxy(registry.host, ['docker.io', 'registry.test']);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  /** One client for the tests of a `describe`, handed out with nothing in it. */
  function useClient(name: OciClientName, where: Where) {
    let opened: OciClient | string;
    beforeAll(async () => {
      opened = await openOciClient(name, { ...where, cacheUrl: proxy.url });
    });
    afterAll(async () => {
      if (typeof opened !== 'string') await opened[Symbol.asyncDispose]();
    });
    return async (context: TestContext): Promise<OciClient> => {
      const client = orSkip(opened, context);
      await client.reset();
      proxy.take();
      return client;
    };
  }

  describe.each(cases)('%s', (_, { name, where }) => {
    const coldClient = useClient(name, where);

    it.for(['linux/amd64', 'linux/arm64'] as const)('pulls %s', async (platform, context) => {
      const client = await coldClient(context);
      const expected = images.platforms[platform];
      const pulled = await client.pull(tagged, { platform });
      expect(pulled.name).toBe(imageName({ ...where, cacheUrl: proxy.url }, tagged));
      expect(pulled.platform).toBe(platform);
      expect(pulled.configDigest).toBe(expected.configDigest);
      expect(pulled.files).toEqual(expected.files);
      const possible = [images.indexDigest, expected.manifestDigest];
      expect(pulled.manifestDigests.length).toBeGreaterThan(0);
      expect(possible).toEqual(expect.arrayContaining([...pulled.manifestDigests]));
      const repositories = proxy.take().flatMap((asked) => repositoryIn(asked));
      expect(new Set(repositories)).toEqual(new Set([expectedRepository(name, where)]));
    });

    it('fails when the cache has no such image, and reaches no other registry', async (context) => {
      const client = await coldClient(context);
      const failure = await client.pull(`${repository}:none`).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CommandFailed);
      const upstream = where.registry === 'docker.io' ? 'registry-1.docker.io' : where.registry;
      const words = where.way === 'mirror' ? `lookup ${upstream}` : /manifest unknown|not found/;
      expect((failure as CommandFailed).output).toMatch(words);
    });
  });

  describe.each(ociClientNames)('%s', (name) => {
    const coldClient = useClient(name, ways[0]);

    it('asks for each layer once when it is cold, for none when it is warm', async (context) => {
      const client = await coldClient(context);
      const layers = [...images.platforms['linux/amd64'].layerDigests].sort();
      await client.pull(tagged);
      expect(layersAskedFor(proxy.take(), layers)).toEqual(layers);
      await client.pull(tagged);
      expect(layersAskedFor(proxy.take(), layers)).toEqual([]);
      await client.reset();
      await client.pull(tagged);
      expect(layersAskedFor(proxy.take(), layers)).toEqual(layers);
    });

    it('pulls by digest, and what is in the form of Docker', async (context) => {
      const client = await coldClient(context);
      const { files, configDigest } = images.platforms['linux/amd64'];
      const byDigest = await client.pull(`${repository}@${images.indexDigest}`);
      expect(byDigest).toMatchObject({ files, configDigest });
      const docker = await client.pull(`${repository}:docker`);
      expect(docker).toMatchObject({ files, platform: 'linux/amd64' });
    });

    it('leaves nothing', async (context) => {
      const client = await coldClient(context);
      await client.pull(tagged);
      expect(client.version).toMatch(/^\d+\.\d+/);
      await client[Symbol.asyncDispose]();
      expect(existsSync(client.directory)).toBe(false);
      expect(await processesUsing(client.directory)).toEqual([]);
    });
  });

  it('takes configuration files in place of its own', async (context) => {
    const { host } = new URL(proxy.url);
    const lines = [
      '[[registry]]',
      'prefix = "else.test"',
      `location = "${host}"`,
      'insecure = true',
    ];
    const etc = { 'containers/registries.conf': `${lines.join('\n')}\n` };
    const access = { cacheUrl: proxy.url, registry: 'else.test', way: 'mirror', etc } as const;
    await using client = orSkip(await openOciClient('skopeo', access), context);
    const { files } = await client.pull(tagged);
    expect(files).toEqual(images.platforms['linux/amd64'].files);
  });
});

it('says which way a client cannot be sent', async () => {
  const access = {
    cacheUrl: 'http://127.0.0.1:1',
    registry: 'registry.test',
    way: 'mirror',
  } as const;
  expect(await openOciClient('docker', access)).toBe('docker takes mirrors of docker.io alone');
});

/** What a request is to have between `/v2/` and `/manifests/` or `/blobs/`, with `?ns=` where there has to be one. */
function expectedRepository(name: OciClientName, { way, registry }: Where): string {
  if (way === 'root') return repository;
  if (way === 'mirror' && name === 'docker') return repository;
  if (way === 'mirror' && name === 'containerd') return `${repository}?ns=${registry}`;
  return `${registry}/${repository}`;
}

function repositoryIn(asked: string): readonly string[] {
  const found = /^\w+ \/v2\/(.+)\/(?:manifests|blobs)\/[^?]+(\?.*)?$/.exec(asked);
  return found === null ? [] : [`${found[1]}${found[2] ?? ''}`];
}

function orSkip<T>(value: T | string, context: TestContext): T {
  return typeof value === 'string' ? context.skip(value) : value;
}

/** In order, as often as they were asked for. */
function layersAskedFor(asked: readonly string[], layers: readonly string[]): readonly string[] {
  const gets = asked.filter((line) => line.startsWith('GET ') && line.includes('/blobs/'));
  return gets
    .map((line) => layers.find((layer) => line.includes(layer)))
    .filter((layer) => layer !== undefined)
    .sort();
}
