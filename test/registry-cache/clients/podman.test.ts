import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  clientSettings,
  type ClientSettingsOptions,
} from '../../../registry-cache/clients/client-settings.ts';
import { loadCacheConfig } from '../../../registry-cache/config/cache-config.ts';
import { hasCode } from '../../../src/errors/has-code.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { scratchDir } from '../../support/scratch.ts';
import type { RootSketch } from '../../mirror/trust/support/root-tree.ts';
import {
  clientRoot,
  judgeToml,
  optionsFor,
  registries,
  whyNoTomlJudge,
} from './support/client-root.ts';

const scratch = scratchDir('cache-podman');
const path = '/etc/containers/registries.conf.d/050-ashlar.conf';
const whyNoJudge = await whyNoTomlJudge();

async function textOf(
  sketch: RootSketch = {},
  more: Partial<ClientSettingsOptions> = {},
): Promise<string> {
  const root = clientRoot(scratch, sketch);
  const { files } = await clientSettings(optionsFor('podman', more), root.files);
  expect(files.map((file) => file.path)).toEqual([path]);
  return files[0]?.text ?? '';
}

describe("podman's settings", () => {
  it('are one file of their own, with the registry in the path', async () => {
    expect(await textOf())
      .toBe(`# The registry cache at http://cache.example:5000 is asked first for images of these registries.

[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "cache.example:5000/docker.io"
insecure = true

[[registry]]
prefix = "ghcr.io"
location = "ghcr.io"

[[registry.mirror]]
location = "cache.example:5000/ghcr.io"
insecure = true
`);
    expect(await textOf({}, { cacheUrl: 'https://cache.example' })).not.toContain('insecure');
  });

  it('name a registry with a port by an alias without one', async () => {
    await expect(
      textOf({}, { registries: registries('registry.example:5000') }),
    ).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringContaining('"registry.example_5000"'),
    });
    const [registry] = registries('registry.example:5000');
    if (registry === undefined) throw new Error('no registry');
    const named = { ...registry, aliases: ['registry.example_5000'] };
    expect(await textOf({}, { registries: [named] })).toContain(
      'location = "cache.example:5000/registry.example_5000"\n',
    );
  });

  it('put the cache in the place of the registry where it is to be asked alone', async () => {
    expect(await textOf({}, { fallback: 'none', registries: registries('ghcr.io') })).toContain(
      `[[registry]]
prefix = "ghcr.io"
location = "cache.example:5000/ghcr.io"
insecure = true
`,
    );
  });

  it('replace those of an earlier time', async () => {
    const before = await textOf({}, { cacheUrl: 'http://old.example' });
    expect(await textOf({ [path]: before })).toBe(await textOf());
  });

  it.each([
    ['[[registry]]\nprefix = "docker.io"\nblocked = true\n'],
    ['[[registry]]\nlocation = "ghcr.io"\nblocked = true\n'],
    ["[[registry]]\nlocation = 'other.example'\nprefix = 'ghcr.io'\n"],
    [
      '[[registry]]\nprefix="a.b"\n[[registry.mirror]]\nlocation="ghcr.io"\n[[registry]]\nprefix="ghcr.io"\n',
    ],
  ])('are refused where somebody else has said something: %j', async (text) => {
    for (const file of [
      '/etc/containers/registries.conf',
      '/etc/containers/registries.conf.d/x.conf',
    ])
      await expect(textOf({ [file]: text })).rejects.toThrow(/^\S+ has settings for/);
  });

  it('let be what others say of other registries', async () => {
    const text = `unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "quay.io"
[[registry.mirror]]
location = "ghcr.io"
[aliases]
  "ghcr.io" = "ghcr.io/x"
`;
    expect(await textOf({ '/etc/containers/registries.conf': text })).toBe(await textOf());
  });

  it.each(['registry = [{prefix = "docker.io"}]\n', '[[registry]\n'])(
    'are refused where it cannot be told what others say: %j',
    async (text) => {
      await expect(textOf({ '/etc/containers/registries.conf': text })).rejects.toMatchObject({
        code: 'config_invalid',
      });
    },
  );

  it.skipIf(whyNoJudge !== '')(`are read alike by another TOML reader ${whyNoJudge}`, async () => {
    expect(await judgeToml(await textOf())).toMatchObject({
      registry: [
        { prefix: 'docker.io', mirror: [{ insecure: true }] },
        { prefix: 'ghcr.io', mirror: [{ location: 'cache.example:5000/ghcr.io' }] },
      ],
    });
  });

  it('make skopeo ask the cache in the form that is routed', async (ctx) => {
    const asked: string[] = [];
    await using server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.statusCode = request.url === '/v2/' ? 200 : 404;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // A name that leads nowhere: what the cache does not have is not asked for elsewhere.
    const config = await loadCacheConfig(null, { upstreams: ['hub.invalid=https://hub.invalid'] });
    const text = await textOf(
      {},
      {
        cacheUrl: `http://127.0.0.1:${port}`,
        registries: config.registries.filter(({ name }) => name === 'hub.invalid'),
      },
    );
    const home = join(scratch, 'home');
    // A user's own drop-ins are read as those of the system are.
    const dropIns = join(home, '.config/containers/registries.conf.d');
    mkdirSync(dropIns, { recursive: true });
    writeFileSync(join(dropIns, '050-ashlar.conf'), text);
    const env = { PATH: process.env['PATH'], HOME: home };
    await runCommand('skopeo', ['inspect', '--raw', 'docker://hub.invalid/team/image:1'], {
      env,
      timeoutMs: 60_000,
    }).catch((error: unknown) => {
      if (hasCode(error, 'tool_missing')) return ctx.skip('needs skopeo');
      throw error;
    });
    expect(asked).toContain('/v2/hub.invalid/team/image/manifests/1');
  });
});
