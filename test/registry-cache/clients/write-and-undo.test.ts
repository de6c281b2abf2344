import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientFiles } from '../../../registry-cache/clients/client-files.ts';
import { cacheClients } from '../../../registry-cache/clients/client-settings.ts';
import { undoClientSettings } from '../../../registry-cache/clients/undo-client-settings.ts';
import { writeClientSettings } from '../../../registry-cache/clients/write-client-settings.ts';
import { read, type RootSketch } from '../../mirror/trust/support/root-tree.ts';
import { scratchDir } from '../../support/scratch.ts';
import { clientRoot, type ClientRoot, optionsFor, registries } from './support/client-root.ts';

const scratch = scratchDir('cache-write');
const daemon = '/etc/docker/daemon.json';
const containerd = '/etc/containerd/config.toml';
const hosts = '/etc/containerd/certs.d/ghcr.io/hosts.toml';

const owned: RootSketch = {
  [daemon]: '{"bip": "10.0.0.1/8",\r\n\t"registry-mirrors": [ ]}',
  [containerd]: 'version = 3\n[plugins]\n',
  [hosts]: 'server = "https://ghcr.io"\n[host."https://x.example"]',
  '/etc/buildkit/buildkitd.toml': 'debug = true',
  '/etc/containers/registries.conf': 'unqualified-search-registries = ["docker.io"]\n',
};

describe.each([
  ['a bare root', {}],
  ['a root with settings of its own', owned],
])('%s', (_, sketch) => {
  it.each(cacheClients)(
    'is given %s, twice the same, and given back byte by byte',
    async (client) => {
      const root = clientRoot(scratch, sketch);
      if (existsSync(join(root.path, daemon))) chmodSync(join(root.path, daemon), 0o600);
      const before = root.state();
      const { written, settings } = await writeClientSettings(optionsFor(client), root.files);
      expect(written.length).toBeGreaterThan(0);
      for (const { path, text } of settings.files) expect(read(root.path, path)).toBe(text);
      const after = root.state();
      expect(after).not.toEqual(before);
      const again = await writeClientSettings(optionsFor(client), root.files);
      expect(again.written).toEqual([]);
      expect(again.settings.restart).toEqual([]);
      expect(root.state()).toEqual(after);
      const undone = await undoClientSettings(client, root.files);
      expect(undone.map(({ path }) => path).toSorted()).toEqual(written.toSorted());
      expect(undone.every(({ isDone }) => isDone)).toBe(true);
      expect(root.state()).toEqual(before);
      expect(await undoClientSettings(client, root.files)).toEqual([]);
    },
  );

  it('may be given another cache, and nothing of the first one stays', async () => {
    for (const client of cacheClients) {
      const root = clientRoot(scratch, sketch);
      const before = root.state();
      const all = optionsFor(client, { registries: registries('docker.io', 'ghcr.io', 'quay.io') });
      await writeClientSettings({ ...all, cacheUrl: 'http://old.example:1' }, root.files);
      await writeClientSettings(optionsFor(client), root.files);
      const second = root.state();
      expect(JSON.stringify(second)).not.toContain('old.example');
      expect(JSON.stringify(second)).not.toContain('quay.io');
      const fresh = clientRoot(scratch, sketch);
      await writeClientSettings(optionsFor(client), fresh.files);
      expect(second).toEqual(fresh.state());
      await undoClientSettings(client, root.files);
      expect(root.state()).toEqual(before);
    }
  });
});

describe('all clients', () => {
  it('are undone one by one, whatever the order', async () => {
    const root = clientRoot(scratch, owned);
    const before = root.state();
    for (const client of cacheClients) await writeClientSettings(optionsFor(client), root.files);
    for (const client of ['containerd', 'docker', 'buildkit', 'podman'] as const)
      await undoClientSettings(client, root.files);
    expect(root.state()).toEqual(before);
  });
});

describe('a file that somebody changed since', () => {
  async function changedSince(path: string, change: (file: string) => void): Promise<ClientRoot> {
    const root = clientRoot(scratch, owned);
    for (const client of cacheClients) await writeClientSettings(optionsFor(client), root.files);
    change(join(root.path, path));
    return root;
  }

  it('loses what was added, and keeps the change', async () => {
    const root = await changedSince(containerd, (file) => appendFileSync(file, '\n[debug]\n'));
    const undone = await undoClientSettings('containerd', root.files);
    expect(undone).toContainEqual({
      path: containerd,
      what: 'took out what was added',
      isDone: true,
    });
    expect(read(root.path, containerd)).toBe('version = 3\n[plugins]\n\n[debug]\n');
  });

  it('is JSON still', async () => {
    const root = await changedSince(daemon, (file) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.1/8', '10.1.0.1/16')),
    );
    expect(await undoClientSettings('docker', root.files)).toMatchObject([{ isDone: true }]);
    expect(read(root.path, daemon)).toBe(
      (owned[daemon] ?? '').replace('10.0.0.1/8', '10.1.0.1/16'),
    );
  });

  it('is left alone where that cannot be done, which is said', async () => {
    const root = await changedSince(daemon, (file) =>
      writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))),
    );
    const text = read(root.path, daemon);
    expect(await undoClientSettings('docker', root.files)).toEqual([
      { path: daemon, what: expect.stringContaining('by hand'), isDone: false },
    ]);
    expect(read(root.path, daemon)).toBe(text);
  });

  it('and was made here is left alone too', async () => {
    const path = '/etc/containerd/certs.d/docker.io/hosts.toml';
    const root = await changedSince(path, (file) => appendFileSync(file, '# mine\n'));
    const undone = await undoClientSettings('containerd', root.files);
    expect(undone.filter(({ isDone }) => !isDone).map((each) => each.path)).toEqual([path]);
    expect(read(root.path, path)).toContain('# mine');
  });

  it('is never made so that it cannot be read', async () => {
    const text = fc.array(fc.constantFrom('{', '}', '"bip"', ':', ',', '\n', '[', ']', '1'), {
      maxLength: 8,
    });
    const root = clientRoot(scratch, { [daemon]: '{"bip": 1}' });
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        writeFileSync(join(root.path, daemon), '{"bip": 1}');
        await writeClientSettings(optionsFor('docker'), root.files);
        const ours = read(root.path, daemon);
        const changed = pieces.join('') + ours;
        writeFileSync(join(root.path, daemon), changed);
        const [undone] = await undoClientSettings('docker', root.files);
        const left = read(root.path, daemon);
        if (undone?.isDone === true) JSON.parse(left);
        else expect(left).toBe(changed);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an end in the middle', () => {
  it.each([1, 2, 3, 4])('after %i writes is undone, or gone on from', async (limit) => {
    for (const next of ['undo', 'go on'] as const) {
      const root = clientRoot(scratch, owned);
      const before = root.state();
      let writes = 0;
      const dying: ClientFiles = {
        ...root.files,
        async write(path, text) {
          writes += 1;
          if (writes > limit) throw new Error('killed');
          await root.files.write(path, text);
        },
      };
      const writing = writeClientSettings(optionsFor('containerd'), dying);
      await (limit < 4 ? expect(writing).rejects.toThrow('killed') : writing);
      if (next === 'go on') {
        await writeClientSettings(optionsFor('containerd'), root.files);
        expect(read(root.path, containerd)).toContain('config_path');
        expect(read(root.path, hosts)).toContain('cache.example');
      }
      await undoClientSettings('containerd', root.files);
      expect(root.state()).toEqual(before);
    }
  });
});

describe('a hostile root', () => {
  it('has links that would lead out of it, and nothing outside is changed', async () => {
    const outside = join(scratch, 'outside');
    mkdirSync(join(outside, 'etc/docker'), { recursive: true });
    writeFileSync(join(outside, 'daemon.json'), '{}');
    for (const target of [outside, '../../../../../../../../../../tmp']) {
      const root = clientRoot(scratch);
      symlinkSync(target, join(root.path, 'etc/docker'));
      symlinkSync(target, join(root.path, 'etc/ashlar'));
      await writeClientSettings(optionsFor('docker'), root.files);
      expect(readFileSync(join(outside, 'daemon.json'), 'utf8')).toBe('{}');
      expect(existsSync('/tmp/daemon.json')).toBe(false);
      expect(existsSync('/tmp/registry-cache')).toBe(false);
    }
  });

  it('has a link within it, which stays a link', async () => {
    const root = clientRoot(scratch, {
      '/etc/static/daemon.json': '{}',
      [daemon]: '-> ../static/daemon.json',
    });
    const before = root.state();
    await writeClientSettings(optionsFor('docker'), root.files);
    expect(lstatSync(join(root.path, daemon)).isSymbolicLink()).toBe(true);
    expect(read(root.path, '/etc/static/daemon.json')).toContain('cache.example');
    await undoClientSettings('docker', root.files);
    expect(root.state()).toEqual(before);
  });

  it.each([
    ['a link to nothing', (file: string) => symlinkSync('/nowhere', file)],
    ['a directory', (file: string) => mkdirSync(file)],
    ['no text', (file: string) => writeFileSync(file, Buffer.from([0xff, 0xfe]))],
    ['a link to itself', (file: string) => symlinkSync('daemon.json', file)],
  ])('has %s for settings, and is left as it is', async (_, make) => {
    const root = clientRoot(scratch);
    mkdirSync(join(root.path, 'etc/docker'));
    make(join(root.path, daemon));
    const before = root.state();
    await expect(writeClientSettings(optionsFor('docker'), root.files)).rejects.toMatchObject({
      code: 'config_invalid',
    });
    expect(root.state()).toEqual(before);
  });

  it.each(['{', '{"format":2}', '{"format":1,"changes":[{"path":"x"}],"directories":[]}'])(
    'has a record that is none, and is left as it is: %j',
    async (text) => {
      const root = clientRoot(scratch, { '/etc/ashlar/registry-cache/docker.json': text });
      const before = root.state();
      const refused = { code: 'config_invalid', message: expect.stringContaining('no record') };
      await expect(undoClientSettings('docker', root.files)).rejects.toMatchObject(refused);
      await expect(writeClientSettings(optionsFor('docker'), root.files)).rejects.toMatchObject(
        refused,
      );
      expect(root.state()).toEqual(before);
    },
  );

  it('has settings that hold a secret, which the record does not', async () => {
    const root = clientRoot(scratch, {
      [daemon]: '{"proxies": {"http-proxy": "http://u:s3cret@p"}}',
    });
    await writeClientSettings(optionsFor('docker'), root.files);
    expect(read(root.path, '/etc/ashlar/registry-cache/docker.json')).not.toContain('s3cret');
  });
});
