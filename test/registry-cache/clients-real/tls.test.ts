import { mkdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { whyNoNetworkNamespace } from '../../support/netns/network-namespace.ts';
import type { OciClient, OciClientName } from '../../support/oci-clients/oci-client.ts';
import {
  openOciClient,
  type OciClientSettings,
} from '../../support/oci-clients/open-oci-client.ts';
import { CommandFailed } from '../../support/oci-clients/private-machine.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { scratchDir } from '../../support/scratch.ts';
import { type CacheNetwork, openCacheNetwork } from './support/cache-network.ts';
import { configuredEtc } from './support/configured-etc.ts';
import { makeMultiImage, type MultiImage } from './support/image-truth.ts';
import { startTlsCache, type TlsCache } from './support/tls-cache.ts';

const whyNot = await whyNoNetworkNamespace();
const why = whyNot === null ? '' : ` (${whyNot})`;

describe.skipIf(whyNot !== null)(`clients of a cache with TLS${why}`, () => {
  const scratch = scratchDir('clients-tls');
  const started = new AsyncDisposableStack();
  let network: CacheNetwork;
  let upstream: RecordedOciRegistry;
  let image: MultiImage;
  let tlsCache: TlsCache;

  beforeAll(async () => {
    network = started.use(await openCacheNetwork());
    upstream = started.use(await startOciRegistryProcess({}, network.launch));
    mkdirSync(join(scratch, 'image'));
    image = await makeMultiImage(join(scratch, 'image'), 1);
    await upstream.put({ repository: 'library/app', images: [image.recipe] });
    const args = ['docker.io', 'registry.test'].flatMap((name) => [
      '--upstream',
      `${name}=${upstream.url}`,
    ]);
    tlsCache = await startTlsCache({ network, home: join(scratch, 'home'), args });
    started.use(tlsCache.cache);
  });
  afterAll(() => started.disposeAsync());

  it.for([
    ['docker', 'docker', 'docker.io', 'docker/certs.d', []],
    ['containerd', 'containerd', 'registry.test', 'containerd/certs.d', []],
    ['containerd', 'containerd', 'docker.io', 'containerd/certs.d', ['--fallback', 'none']],
    ['podman', 'podman', 'registry.test', 'containers/certs.d', []],
    ['podman', 'buildah', 'registry.test', 'containers/certs.d', ['--fallback', 'none']],
    ['podman', 'skopeo', 'registry.test', 'containers/certs.d', []],
  ] as const)(
    '%s: %s pulls %s as `configure --ca` has set it up, and not without the authority',
    { timeout: 60_000 },
    async ([kind, name, registry, certificates, more], context) => {
      const { cache, urls, authorityFile } = tlsCache;
      const upstreams = ['--upstream', `registry.test=${upstream.url}`];
      const address = ['--cache-url', urls.https, '--ca', authorityFile];
      const etc = await configuredEtc(kind, {
        root: join(scratch, `root of ${name} ${more.length}`),
        env: cache.env,
        flags: [...address, ...upstreams, ...more],
      });
      const settings = { registry, cacheUrl: urls.https, etc: { ...etc, hosts: network.hosts } };
      const { files } = image.platforms['linux/amd64'];
      {
        await using client = await open(name, { ...settings, way: 'mirror' }, context);
        const pulled = await client.pull('library/app:latest');
        expect([pulled.name, pulled.files]).toEqual([`${registry}/library/app:latest`, files]);
      }
      await using client = await open(name, { ...settings, way: 'direct' }, context);
      const { host } = new URL(urls.https);
      const authority = join(client.directory, 'etc', certificates, host, 'ashlar-ca.crt');
      await rename(authority, `${authority}.away`);
      const failure = await client.pull('library/app:latest').catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CommandFailed);
      expect((failure as CommandFailed).output).toMatch(/x509: certificate signed by unknown/);
      await rename(`${authority}.away`, authority);
      const pulled = await client.pull('library/app:latest');
      expect([pulled.name, pulled.files]).toEqual([
        `${host}/${registry}/library/app:latest`,
        files,
      ]);
    },
  );

  async function open(
    name: OciClientName,
    settings: OciClientSettings,
    context: TestContext,
  ): Promise<OciClient> {
    const client = await openOciClient(name, { ...settings, launch: network.launch });
    return typeof client === 'string' ? context.skip(client) : client;
  }
});
