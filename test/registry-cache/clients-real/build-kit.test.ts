import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNetworkNamespace } from '../../support/netns/network-namespace.ts';
import { type DockerBuilder, openDockerBuilder } from '../../support/oci-clients/docker-builder.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { scratchDir } from '../../support/scratch.ts';
import { type CacheNetwork, openCacheNetwork } from './support/cache-network.ts';
import { configuredEtc } from './support/configured-etc.ts';
import { makeMultiImage, type MultiImage } from './support/image-truth.ts';
import { startTlsCache, type TlsCache } from './support/tls-cache.ts';

const whyNot = await whyNoNetworkNamespace();
const why = whyNot === null ? '' : ` (${whyNot})`;

describe.skipIf(whyNot !== null)(`BuildKit in docker's engine${why}`, () => {
  const scratch = scratchDir('clients-build-kit');
  const started = new AsyncDisposableStack();
  let network: CacheNetwork;
  let upstream: RecordedOciRegistry;
  let tlsCache: TlsCache;

  beforeAll(async () => {
    network = started.use(await openCacheNetwork());
    const options = { auth: { scheme: 'bearer' } } as const;
    upstream = started.use(await startOciRegistryProcess(options, network.launch));
    tlsCache = await startTlsCache({
      network,
      home: join(scratch, 'home'),
      args: ['--upstream', `docker.io=${upstream.url}`],
      // Each tag is asked for each time.
      config: { tagMaxAgeSec: 0 },
    });
    started.use(tlsCache.cache);
  });
  afterAll(() => started.disposeAsync());

  async function put(repository: string, seed: number): Promise<MultiImage> {
    const directory = join(scratch, `image-${seed}`);
    mkdirSync(directory);
    const image = await makeMultiImage(directory, seed);
    await upstream.put({ repository, images: [image.recipe] });
    return image;
  }

  /** What `configure docker` writes for this address, on a machine of its own. */
  function configured(scheme: 'http' | 'https', name: string) {
    const ca = scheme === 'https' ? ['--ca', tlsCache.authorityFile] : [];
    const flags = ['--cache-url', tlsCache.urls[scheme], ...ca];
    return configuredEtc('docker', { root: join(scratch, name), env: tlsCache.cache.env, flags });
  }

  async function asked(): Promise<Readonly<Record<string, number>>> {
    const { paths } = await upstream.counts();
    const gets = Object.entries(paths).filter(([path]) => path.startsWith('GET '));
    return Object.fromEntries(gets) as Record<string, number>;
  }

  it.for(['http', 'https'] as const)(
    'takes FROM over %s: cold, warm, and with upstream gone',
    { timeout: 60_000 },
    async (scheme, context) => {
      const etc = { ...(await configured(scheme, `root-${scheme}`)), hosts: network.hosts };
      const opened = await openDockerBuilder({ etc, launch: network.launch });
      if (typeof opened === 'string') return context.skip(opened);
      await using builder: DockerBuilder = opened;
      const image = await put(`library/${scheme}`, scheme === 'http' ? 1 : 2);
      const truth = image.platforms['linux/amd64'];
      const expectBuilt = async (): Promise<void> => {
        const dockerfile = `FROM library/${scheme}:latest\nCOPY own /own\n`;
        const files = await builder.build(dockerfile, { context: { own: scheme } });
        const isOwn = (line: string): boolean => line.startsWith('own file ');
        expect(files.filter((line) => !isOwn(line))).toEqual(truth.files);
        expect(files.filter(isOwn)).toHaveLength(1);
      };

      await upstream.resetCounts();
      await expectBuilt();
      const blobs = [truth.configDigest, ...truth.layerDigests].map((one) => `blobs/${one}`);
      const parts = ['manifests/latest', `manifests/${truth.manifestDigest}`, ...blobs];
      const cold = parts.map((part) => [`GET /v2/library/${scheme}/${part}`, 1]);
      expect(await asked()).toMatchObject(Object.fromEntries(cold));

      await builder.reset();
      await upstream.resetCounts();
      await expectBuilt();
      expect(await asked()).toEqual({});

      await builder.reset();
      await upstream.outage('refuse');
      try {
        await expectBuilt();
      } finally {
        await upstream.restore();
      }
    },
  );

  it('the engine around it needs no more than a reload for its own pulls', async (context) => {
    const etc = { 'docker/daemon.json': '{}', hosts: network.hosts };
    const opened = await openDockerBuilder({ etc, launch: network.launch });
    if (typeof opened === 'string') return context.skip(opened);
    await using builder: DockerBuilder = opened;
    await put('library/reloaded', 3);
    for (const [path, text] of Object.entries(await configured('https', 'root-reloaded')))
      await builder.write(`/etc/${path}`, text);
    await builder.reload([tlsCache.urls.https]);
    await builder.pull('library/reloaded:latest');
    expect(await asked()).toMatchObject({ 'GET /v2/library/reloaded/manifests/latest': 1 });
  });
});
