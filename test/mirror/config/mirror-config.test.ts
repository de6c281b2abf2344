import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMirrorConfig, type MirrorConfig } from '../../../mirror/index.ts';
import { scratchDir } from '../../support/scratch.ts';

const scratch = scratchDir('mirror-config');
const upstreams = ['https://registry.example/'];

async function load(raw: object): Promise<MirrorConfig> {
  const file = join(scratch, 'mirror.json');
  await writeFile(file, JSON.stringify(raw));
  return loadMirrorConfig(file, { upstreams: [], hosts: [] });
}

const withHost = (host: string): Promise<MirrorConfig> =>
  load({ registries: [{ name: 'npm', hosts: [host], upstreams }], trustedHosts: [host] });

describe('hosts', () => {
  it.each([
    ['Registry.Example', 'registry.example'],
    ['registry.example:443', 'registry.example'],
    ['registry.example:80', 'registry.example'],
    ['registry.example:8080', 'registry.example:8080'],
    ['192.0.2.7:4873', '192.0.2.7:4873'],
    ['localhost', 'localhost'],
  ])('%s is %s to clients', async (host, known) => {
    expect((await withHost(host)).registries[0].hosts).toEqual([known]);
  });

  it.each([
    'registry.example:99999',
    'registry.example:0',
    'registry.example:0443',
    '256.256.256.256',
    '1.2.3',
    'a.123',
    'a..b',
    'a.b.',
    '-a.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
    'http://registry.example',
    '',
  ])('%j is none', async (host) => {
    await expect(withHost(host)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

it.each(['http://a..b/', 'http://256.256.256.256/', 'http://registry.example:99999/'])(
  '%s is no upstream',
  async (url) => {
    const registries = [{ name: 'npm', hosts: ['registry.example'], upstreams: [url] }];
    await expect(load({ registries })).rejects.toMatchObject({ code: 'config_invalid' });
  },
);

it.each([
  { maxAgeSec: 1e300 },
  { maxStaleSec: 4e9 },
  { maxAgeSec: -1 },
  { policy: { minReleaseAgeSec: 1e18 } },
  { maxCacheBytes: 1e300 },
])('%j is refused', async (raw) => {
  await expect(load(raw)).rejects.toMatchObject({ code: 'config_invalid' });
});
