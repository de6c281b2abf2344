import { describe, expect, it } from 'vitest';
import {
  type CacheClient,
  cacheClients,
  clientSettings,
} from '../../../registry-cache/clients/client-settings.ts';
import { undoClientSettings } from '../../../registry-cache/clients/undo-client-settings.ts';
import { writeClientSettings } from '../../../registry-cache/clients/write-client-settings.ts';
import { hasCode } from '../../../src/errors/has-code.ts';
import { read, type RootSketch } from '../../mirror/trust/support/root-tree.ts';
import { createTestAuthority } from '../../support/netns/test-authority.ts';
import { scratchDir } from '../../support/scratch.ts';
import {
  clientRoot,
  judgeToml,
  optionsFor,
  registries,
  whyNoTomlJudge,
} from './support/client-root.ts';

const scratch = scratchDir('cache-authority');
const { ca: authority } = createTestAuthority(['cache.example']);
const { ca: another } = createTestAuthority(['cache.example']);
const cacheUrl = 'https://cache.example:5443';
const whyNoJudge = await whyNoTomlJudge();
const reason = whyNoJudge === '' ? '' : ` (${whyNoJudge})`;

const places: Readonly<Record<CacheClient, string>> = {
  docker: '/etc/docker/certs.d/cache.example:5443/ashlar-ca.crt',
  containerd: '/etc/containerd/certs.d/cache.example:5443/ashlar-ca.crt',
  podman: '/etc/containers/certs.d/cache.example:5443/ashlar-ca.crt',
  buildkit: '/etc/buildkit/ashlar-ca.crt',
};
const hosts = '/etc/containerd/certs.d/ghcr.io/hosts.toml';

async function textOf(
  path: string,
  options: ReturnType<typeof optionsFor>,
  sketch: RootSketch = {},
): Promise<string> {
  const { files } = await clientSettings(options, clientRoot(scratch, sketch).files);
  return files.find((file) => file.path === path)?.text ?? '';
}

describe('the authority of a cache', () => {
  it.each(cacheClients)('is installed where %s looks for it, and taken back', async (client) => {
    const root = clientRoot(scratch);
    const before = root.state();
    const options = optionsFor(client, { cacheUrl, authority });
    const { written, settings } = await writeClientSettings(options, root.files);
    expect(written).toContain(places[client]);
    expect(read(root.path, places[client])).toBe(authority);
    expect(settings.notes.join('\n')).not.toContain('--ca');
    expect((await writeClientSettings(options, root.files)).written).toEqual([]);
    const renewed = await writeClientSettings({ ...options, authority: another }, root.files);
    expect(renewed.written).toContain(places[client]);
    expect(read(root.path, places[client])).toBe(another);
    const undone = await undoClientSettings(client, root.files);
    expect(undone.every(({ isDone }) => isDone)).toBe(true);
    expect(root.state()).toEqual(before);
  });

  it.each(cacheClients)('of somebody else is put back for %s', async (client) => {
    const root = clientRoot(scratch, { [places[client]]: another });
    const before = root.state();
    await writeClientSettings(optionsFor(client, { cacheUrl, authority }), root.files);
    expect(read(root.path, places[client])).toBe(authority);
    await undoClientSettings(client, root.files);
    expect(root.state()).toEqual(before);
  });

  it.each(cacheClients)('is asked for where %s is told of https alone', async (client) => {
    const root = clientRoot(scratch);
    const { notes, files } = await clientSettings(optionsFor(client, { cacheUrl }), root.files);
    expect(notes.join('\n')).toContain('add --ca FILE');
    expect(files.map(({ path }) => path)).not.toContain(places[client]);
  });

  it.each(cacheClients)('is refused for %s and a cache of http', async (client) => {
    const options = optionsFor(client, { authority });
    const made = clientSettings(options, clientRoot(scratch).files);
    const failure: unknown = await made.catch((error: unknown) => error);
    expect(hasCode(failure, 'config_invalid')).toBe(true);
    expect(String(failure)).toContain('http://cache.example:5000, which has no TLS');
  });

  it.skipIf(whyNoJudge !== '')(
    `stands in containerd's tables that name the cache${reason}`,
    async () => {
      const more = { cacheUrl, authority, registries: registries('ghcr.io') };
      const ca = places.containerd;
      expect(await judgeToml(await textOf(hosts, optionsFor('containerd', more)))).toEqual({
        server: 'https://ghcr.io',
        host: { [cacheUrl]: { capabilities: ['pull', 'resolve'], ca } },
      });
      const alone = optionsFor('containerd', { ...more, fallback: 'none' });
      expect(await judgeToml(await textOf(hosts, alone))).toEqual({
        server: cacheUrl,
        ca,
        host: { [cacheUrl]: { capabilities: ['pull', 'resolve'], ca } },
      });
    },
  );

  it('is not taken for known where somebody else has named the cache without it', async () => {
    const options = optionsFor('containerd', { cacheUrl, authority });
    const table = `[host."${cacheUrl}"]\n  capabilities = ["pull"]\n`;
    const failure: unknown = await textOf(hosts, options, { [hosts]: table }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'config_invalid',
      message: `${hosts} names the cache already, without an authority`,
      hint: `Add the line ca = "${places.containerd}" to its table, or take the table out.`,
    });
    const known = `${table}  ca = "/etc/ssl/own.pem"\n`;
    expect(await textOf(hosts, options, { [hosts]: known })).toBe(known);
  });

  it.skipIf(whyNoJudge !== '')(`stands in BuildKit's table of the cache${reason}`, async () => {
    const more = { cacheUrl, authority, registries: registries('ghcr.io') };
    const text = await textOf('/etc/buildkit/buildkitd.toml', optionsFor('buildkit', more));
    expect(await judgeToml(text)).toEqual({
      registry: {
        'ghcr.io': { mirrors: ['cache.example:5443'] },
        'cache.example:5443': { ca: [places.buildkit] },
      },
    });
  });
});
