import { mkdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { OciClient, OciClientName } from '../../support/oci-clients/oci-client.ts';
import {
  openOciClient,
  type OciClientSettings,
} from '../../support/oci-clients/open-oci-client.ts';
import { CommandFailed } from '../../support/oci-clients/private-machine.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { type CacheProcess, startCacheProcess } from './support/cache-process.ts';
import { configuredEtc } from './support/configured-etc.ts';
import { makeMultiImage, type MultiImage } from './support/image-truth.ts';

const why = isRoot ? '' : ' (needs root)';
const users = {
  alice: { password: 'secret of alice', repositories: ['private/*'] },
  bob: { password: 'secret of bob', repositories: [] },
};

describe.skipIf(!isRoot)(`clients as people set them up${why}`, () => {
  const scratch = scratchDir('clients-configured');
  const started = new AsyncDisposableStack();
  let upstream: RecordedOciRegistry;
  let image: MultiImage;

  beforeAll(async () => {
    upstream = started.use(
      await startOciRegistryProcess({
        auth: { scheme: 'bearer', users, anonymous: ['library/*'] },
      }),
    );
    mkdirSync(join(scratch, 'image'));
    image = await makeMultiImage(join(scratch, 'image'), 1);
    for (const repository of ['library/app', 'private/app'])
      await upstream.put({ repository, images: [image.recipe] });
  });
  afterAll(() => started.disposeAsync());

  async function startCache(name: string, config: object): Promise<CacheProcess> {
    const args = ['--upstream', `docker.io=${upstream.url}`];
    return startCacheProcess({ home: join(scratch, name), args, config });
  }

  describe('by what `configure --write` has written', () => {
    let cache: CacheProcess;
    beforeAll(async () => {
      const registries = [{ name: 'registry.test', endpoints: [upstream.url] }];
      cache = started.use(await startCache('open', { registries }));
    });

    it.for([
      ['docker', 'docker', 'docker.io', []],
      ['containerd', 'containerd', 'registry.test', []],
      ['containerd', 'containerd', 'registry.test', ['--form', 'path', '--fallback', 'none']],
      ['podman', 'podman', 'registry.test', []],
      ['podman', 'skopeo', 'registry.test', ['--fallback', 'none']],
      ['podman', 'buildah', 'docker.io', []],
    ] as const)('%s: %s pulls from %s %j', async ([kind, name, registry, more], context) => {
      const root = join(scratch, `root of ${name} ${more.length}`);
      const { env, url } = cache;
      const upstreams = ['--upstream', `registry.test=${upstream.url}`];
      const flags = ['--cache-url', url, ...upstreams, ...more];
      const etc = await configuredEtc(kind, { root, env, flags });
      // The harness's own settings lead nowhere.
      const settings = { way: 'mirror', registry, cacheUrl: 'http://127.0.0.1:1', etc } as const;
      await using client = await open(name, settings, context);
      await upstream.resetCounts();
      const { files, name: asked } = await client.pull('library/app:latest');
      expect([asked, files]).toEqual([
        `${registry}/library/app:latest`,
        image.platforms['linux/amd64'].files,
      ]);
    });
  });

  describe('with a login, for a registry that takes those of clients', () => {
    let cache: CacheProcess;
    beforeAll(async () => {
      const registry = {
        name: 'registry.test',
        endpoints: [upstream.url],
        clientCredentials: true,
      };
      cache = started.use(
        await startCache('private', { registries: [registry], requireLogin: true }),
      );
    });

    it.for(['docker', 'podman', 'buildah', 'skopeo', 'umoci'] as const)(
      '%s reads what its login may, and nobody else does',
      async (name, context) => {
        const settings = { way: 'direct', registry: 'registry.test', cacheUrl: cache.url } as const;
        await using client = await open(name, settings, context);
        const { files } = image.platforms['linux/amd64'];
        await logIn(client, 'alice', users.alice.password);
        expect((await client.pull('private/app:latest')).files).toEqual(files);
        await client.reset();
        await upstream.resetCounts();
        for (const [user, password] of [
          ['bob', users.bob.password],
          ['alice', 'another password'],
        ] as const) {
          await logIn(client, user, password);
          const failure = await client.pull('private/app:latest').catch((error: unknown) => error);
          expect(failure).toBeInstanceOf(CommandFailed);
          expect((failure as CommandFailed).output).toMatch(
            /unauthorized|authentication required/i,
          );
        }
        // It was kept all the time: nothing but the right to it was asked for.
        const { requests } = await upstream.counts();
        expect(requests['GET blob'] ?? 0).toBe(0);
      },
    );

    /** As `docker login` and `podman login` leave it behind. */
    async function logIn(client: OciClient, user: string, password: string): Promise<void> {
      const auth = Buffer.from(`${user}:${password}`).toString('base64');
      const auths = { [new URL(cache.url).host]: { auth } };
      const directory = join(client.directory, 'root/.docker');
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'config.json'), JSON.stringify({ auths }));
    }
  });

  async function open(
    name: OciClientName,
    settings: OciClientSettings,
    context: TestContext,
  ): Promise<OciClient> {
    const client = await openOciClient(name, settings);
    return typeof client === 'string' ? context.skip(client) : client;
  }
});
