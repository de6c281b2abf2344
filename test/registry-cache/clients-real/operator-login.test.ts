import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openOciClient } from '../../support/oci-clients/open-oci-client.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { type CacheProcess, startCacheProcess } from './support/cache-process.ts';
import { makeMultiImage, type MultiImage } from './support/image-truth.ts';

const user = 'robot';
const password = 'what the operator knows';
const auth = Buffer.from(`${user}:${password}`).toString('base64');
const scratch = scratchDir('operator-login');
const started = new AsyncDisposableStack();
const why = isRoot ? '' : ' (needs root)';

describe.skipIf(!isRoot)(`"credential": "docker"${why}`, () => {
  let upstream: RecordedOciRegistry;
  let image: MultiImage;

  beforeAll(async () => {
    const users = { [user]: { password, repositories: ['library/*'] } };
    upstream = started.use(
      await startOciRegistryProcess({ auth: { scheme: 'bearer', users, anonymous: [] } }),
    );
    await mkdir(join(scratch, 'image'));
    image = await makeMultiImage(join(scratch, 'image'), 1);
    await upstream.put({ repository: 'library/app', images: [image.recipe] });
  });
  afterAll(() => started.disposeAsync());

  /** As `docker login` with or without a helper leaves it behind. */
  async function startCache(name: string, settings: object): Promise<CacheProcess> {
    const directory = join(scratch, name);
    await mkdir(directory);
    await writeFile(join(directory, 'config.json'), JSON.stringify(settings));
    const said = JSON.stringify({ ServerURL: 'x', Username: user, Secret: password });
    const helper = `#!/bin/sh\necho "$1 $(cat)" >>"${directory}/asked"\nprintf '%s' '${said}'\n`;
    await writeFile(join(directory, 'docker-credential-ours'), helper, { mode: 0o755 });
    const credential = { credential: 'docker', credentialFor: 'everyone' };
    const registry = { name: 'docker.io', endpoints: [upstream.url], ...credential };
    return startCacheProcess({
      home: join(directory, 'home'),
      config: { registries: [registry] },
      env: { DOCKER_CONFIG: directory, PATH: `${directory}:${process.env['PATH']}` },
    });
  }

  it.for([
    ['a helper for the registry', { credHelpers: { 'docker.io': 'ours' } }, true],
    ['a helper for all registries', { credsStore: 'ours' }, true],
    ['what is written in the file', { auths: { 'https://index.docker.io/v1/': { auth } } }, false],
  ] as const)(
    'has %s let skopeo pull what it may not read by itself',
    async ([name, settings, hasHelper], context) => {
      await using cache = await startCache(name, settings);
      const access = { way: 'mirror', registry: 'docker.io', cacheUrl: cache.url } as const;
      const opened = await openOciClient('skopeo', access);
      if (typeof opened === 'string') return context.skip(opened);
      await using client = opened;
      await upstream.resetCounts();
      const { files } = await client.pull('library/app:latest');
      expect(files).toEqual(image.platforms['linux/amd64'].files);
      expect((await upstream.counts()).requests['GET token']).toBe(1);
      expect(cache.log()).not.toContain(password);
      expect(cache.log()).not.toContain(auth);
      if (!hasHelper) return;
      const asked = (await readFile(join(scratch, name, 'asked'), 'utf8')).split('\n');
      expect(new Set(asked)).toEqual(new Set(['get https://index.docker.io/v1/', '']));
    },
  );

  it('goes on without where the helper is missing, and its log says which', async () => {
    await using cache = await startCache('missing', { credsStore: 'absent' });
    expect((await ask(`${cache.url}/v2/library/app/manifests/latest`)).status).toBe(401);
    await vi.waitFor(() =>
      expect(cache.log()).toMatch(
        /no credential to show to docker\.io: the credential helper docker-credential-absent is not installed/,
      ),
    );
  });
});
