import { describe, expect, it } from 'vitest';
import { clientSettings } from '../../../registry-cache/clients/client-settings.ts';
import { undoClientSettings } from '../../../registry-cache/clients/undo-client-settings.ts';
import { writeClientSettings } from '../../../registry-cache/clients/write-client-settings.ts';
import { read } from '../../mirror/trust/support/root-tree.ts';
import { scratchDir } from '../../support/scratch.ts';
import { clientRoot, optionsFor, registries } from './support/client-root.ts';

const scratch = scratchDir('cache-docker');
const path = '/etc/docker/daemon.json';

async function merged(before: string, cacheUrl = 'http://cache.example:5000'): Promise<string> {
  const root = clientRoot(scratch, { [path]: before });
  const { files } = await clientSettings(optionsFor('docker', { cacheUrl }), root.files);
  return files[0]?.text ?? '';
}

describe("docker's settings", () => {
  it('are made where there are none', async () => {
    const root = clientRoot(scratch);
    const settings = await clientSettings(optionsFor('docker'), root.files);
    expect(settings.files).toEqual([
      {
        path,
        before: null,
        edits: [],
        text: `{
  "registry-mirrors": [
    "http://cache.example:5000"
  ],
  "insecure-registries": [
    "http://cache.example:5000"
  ]
}
`,
      },
    ]);
    expect(settings.restart).toEqual(['systemctl reload docker']);
    expect(settings.notes.join('\n')).toContain('images of ghcr.io');
  });

  it.each(['http://127.0.0.1:5000', 'http://localhost:5000', 'https://cache.example'])(
    'say nothing of insecure registries for %s',
    async (cacheUrl) => {
      expect(JSON.parse(await merged('{}', cacheUrl))).toEqual({ 'registry-mirrors': [cacheUrl] });
    },
  );

  it('keep other keys, their order and their form', async () => {
    const before = `{
    "log-driver": "journald",
    "registry-mirrors": ["https://other.example"],
    "zzz": {"a": [1,2,   3]},
    "bip": "10.0.0.1/8"
}`;
    const text = await merged(before);
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'log-driver',
      'registry-mirrors',
      'zzz',
      'bip',
      'insecure-registries',
    ]);
    expect(JSON.parse(text)).toMatchObject({
      'registry-mirrors': ['http://cache.example:5000', 'https://other.example'],
      'insecure-registries': ['http://cache.example:5000'],
    });
    expect(text).toContain('"zzz": {"a": [1,2,   3]},\n    "bip": "10.0.0.1/8"');
  });

  it('are left alone where they are right', async () => {
    const right =
      '{"registry-mirrors":["https://a.b","http://cache.example:5000/"],"insecure-registries":["http://cache.example:5000"]}';
    const root = clientRoot(scratch, { [path]: right });
    const before = root.state();
    const settings = await clientSettings(optionsFor('docker'), root.files);
    expect(settings.restart).toEqual([]);
    expect((await writeClientSettings(optionsFor('docker'), root.files)).written).toEqual([]);
    expect(root.state()).toEqual(before);
  });

  it('may be an empty file, which docker takes for none', async () => {
    const root = clientRoot(scratch, { [path]: ' \n' });
    const before = root.state();
    await writeClientSettings(optionsFor('docker'), root.files);
    expect(JSON.parse(read(root.path, path))).toHaveProperty('registry-mirrors');
    await undoClientSettings('docker', root.files);
    expect(root.state()).toEqual(before);
  });

  it.each([
    ['is no JSON', '{"a": }', 'is no JSON'],
    ['has comments', '{ // mine\n"a": 1}', 'is no JSON'],
    ['has a comma too many', '{"a": 1,}', 'is no JSON'],
    ['is a list', '[]', 'is no JSON object'],
    ['has no list', '{"registry-mirrors": "https://a.b"}', 'registry-mirrors that is no list'],
    ['has a list of numbers', '{"registry-mirrors": [1]}', 'registry-mirrors that is no list'],
    ['has null', '{"insecure-registries": null}', 'insecure-registries that is no list'],
    ['has a key twice', '{"registry-mirrors":[],"registry-mirrors":[]}', 'more than once'],
    ['has another spelling', '{"Registry-Mirrors":[]}', 'more than once, or in another spelling'],
  ])('are refused, and not touched, when the file %s', async (_, text, message) => {
    const root = clientRoot(scratch, { [path]: text });
    const before = root.state();
    await expect(writeClientSettings(optionsFor('docker'), root.files)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(message),
    });
    expect(root.state()).toEqual(before);
  });

  it('are refused where the service gives the same as an option', async () => {
    const file = '/etc/systemd/system/docker.service.d/mirror.conf';
    const text =
      '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --registry-mirror=https://a.b\n';
    const root = clientRoot(scratch, { [file]: text });
    await expect(clientSettings(optionsFor('docker'), root.files)).rejects.toThrow(
      `${file} gives docker the option --registry-mirror`,
    );
    const commented = clientRoot(scratch, { '/etc/default/docker': '# --registry-mirror=x\n' });
    await expect(clientSettings(optionsFor('docker'), commented.files)).resolves.toBeDefined();
  });

  it('are refused for a cache that takes requests without a registry for another one', async () => {
    const [root] = registries('ghcr.io');
    if (root === undefined) throw new Error('no ghcr.io');
    await expect(
      clientSettings(optionsFor('docker', { root }), clientRoot(scratch).files),
    ).rejects.toThrow('a cache whose root registry is ghcr.io');
  });

  it('cannot keep docker from docker.io', async () => {
    await expect(
      clientSettings(optionsFor('docker', { fallback: 'none' }), clientRoot(scratch).files),
    ).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it.each(['http://a.b/x', 'ftp://a.b', 'a.b:5000', 'http://u:p@a.b', 'http://a.b/?x', ''])(
    'are refused for a cache at %j',
    async (cacheUrl) => {
      await expect(
        clientSettings(optionsFor('docker', { cacheUrl }), clientRoot(scratch).files),
      ).rejects.toMatchObject({ code: 'config_invalid' });
    },
  );
});
