import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheFlags, loadCacheConfig } from '../../../registry-cache/config/cache-config.ts';
import { knownRegistries } from '../../../registry-cache/config/known-registries.ts';
import { isRegistryHost } from '../../../registry-cache/config/registry-host.ts';
import { scratchDir } from '../../support/scratch.ts';

const scratch = scratchDir('cache-config');
const noFlags: CacheFlags = { upstreams: [] };

function write(value: unknown, name = 'config.json'): string {
  const file = join(scratch, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

function load(value: unknown, flags: Partial<CacheFlags> = {}) {
  return loadCacheConfig(write(value), { ...noFlags, ...flags });
}

const stated = (...registries: readonly object[]) => ({ registries });

describe('without a file', () => {
  it('has the known registries, docker.io at the root, and the times of the design', async () => {
    const config = await loadCacheConfig(null, noFlags);
    expect(config.registries.map(({ name }) => name)).toEqual(
      knownRegistries.map(({ name }) => name),
    );
    expect(config.root.name).toBe('docker.io');
    expect(config.root.endpoints.map(String)).toEqual(['https://registry-1.docker.io/']);
    expect(config.root.trustedRealms).toEqual(['auth.docker.io']);
    for (const alias of ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'])
      expect(config.byHost.get(alias)).toBe(config.root);
    expect(config).toMatchObject({
      maxStaleMs: 604_800_000,
      grantMs: { public: 86_400_000, credential: 300_000 },
      staleGrantMs: { public: 604_800_000, credential: 3_600_000 },
      maxCacheBytes: null,
    });
    for (const registry of config.registries) {
      expect(registry).toMatchObject({
        clientCredentials: false,
        credential: { kind: 'none' },
        credentialFor: 'public',
        tagMaxAgeMs: 60_000,
      });
      expect(registry.endpoints.every(({ protocol }) => protocol === 'https:')).toBe(true);
    }
  });

  it('is frozen to the leaves', async () => {
    const config = await load({ ...stated({ name: 'a.example' }), trustedHosts: ['b.example'] });
    const seen: object[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if (value instanceof URL || value instanceof Map || seen.includes(value)) return;
      seen.push(value);
      expect(Object.isFrozen(value), JSON.stringify(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(config);
    expect(seen.length).toBeGreaterThan(40);
  });
});

describe('known registries', () => {
  it('are hosts, each there once', () => {
    const hosts = knownRegistries.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(hosts).size).toBe(hosts.length);
    expect(hosts.filter((host) => !isRegistryHost(host))).toEqual([]);
  });
});

describe('stated registries', () => {
  it('replace the known ones of their name, and take from them what they leave out', async () => {
    const config = await load(
      stated({ name: 'Docker.IO', clientCredentials: true, tagMaxAgeSec: 5 }),
    );
    expect(config.registries.filter(({ name }) => name === 'docker.io')).toHaveLength(1);
    expect(config.root).toMatchObject({
      aliases: ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'],
      clientCredentials: true,
      trustedRealms: ['auth.docker.io'],
      tagMaxAgeMs: 5_000,
    });
    expect(config.registries).toHaveLength(knownRegistries.length);
  });

  it('are alone where that is asked for', async () => {
    const config = await load({
      registries: [{ name: 'registry.example:5000', aliases: ['registry.example_5000'] }],
      onlyStated: true,
      root: 'registry.example:5000',
      tagMaxAgeSec: 0,
    });
    expect(config.registries.map(({ name }) => name)).toEqual(['registry.example:5000']);
    expect(config.root.endpoints.map(String)).toEqual(['https://registry.example:5000/']);
    expect(config.root.tagMaxAgeMs).toBe(0);
    expect([...config.byHost.keys()]).toEqual(['registry.example:5000', 'registry.example_5000']);
  });

  it('are spoken to over http where they are on this machine', async () => {
    const config = await load(stated({ name: 'localhost:5000' }, { name: '127.0.0.2:1' }));
    expect(config.byHost.get('localhost:5000')?.endpoints[0].href).toBe('http://localhost:5000/');
    expect(config.byHost.get('127.0.0.2:1')?.endpoints[0].href).toBe('http://127.0.0.2:1/');
  });

  it('may have several endpoints, with paths', async () => {
    const endpoints = ['https://one.example/hub', 'http://two.example:8080'];
    const config = await load(stated({ name: 'docker.io', endpoints }));
    expect(config.root.endpoints.map(({ href }) => href)).toEqual([
      'https://one.example/hub',
      'http://two.example:8080/',
    ]);
  });
});

describe('flags', () => {
  it('replace the endpoints of a registry by any of its names, and add registries', async () => {
    const config = await load(stated({ name: 'ghcr.io', credential: 'docker' }), {
      upstreams: [
        'docker.io=http://127.0.0.1:5000',
        'index.docker.io=https://second.example',
        'GHCR.io=https://ghcr.example',
        'mine.example:5000=http://10.0.0.1:5000/path',
      ],
      root: 'mine.example:5000',
      maxCacheBytes: 7,
    });
    const hrefs = (name: string) => config.byHost.get(name)?.endpoints.map(({ href }) => href);
    expect(hrefs('docker.io')).toEqual(['http://127.0.0.1:5000/', 'https://second.example/']);
    expect(hrefs('ghcr.io')).toEqual(['https://ghcr.example/']);
    expect(config.byHost.get('ghcr.io')?.credential).toEqual({ kind: 'docker' });
    expect(hrefs('mine.example:5000')).toEqual(['http://10.0.0.1:5000/path']);
    expect(config.root.name).toBe('mine.example:5000');
    expect(config.maxCacheBytes).toBe(7);
  });

  it.each([
    [['docker.io'], '--upstream: what stands before'],
    [['=https://a.example'], '--upstream: what stands before'],
    [['https://user:secret@a.example/?x=1'], '--upstream: what stands before'],
    [['hub=https://a.example'], '--upstream: what stands before'],
    [['docker.io=ftp://a.example'], '--upstream: docker.io: is no http or https address'],
    [['docker.io=https://user:secret@a.example'], '--upstream: docker.io: has a credential'],
    [['a.example=https://b.example', 'a.example=https://b.example/'], '--upstream: one endpoint'],
  ])('refuse %j', async (upstreams, message) => {
    const failure = await problemOf(loadCacheConfig(null, { upstreams }));
    expect(failure).toContain(message);
    expect(failure).not.toContain('secret');
  });

  it('refuse a root that is not there', async () => {
    expect(await problemOf(loadCacheConfig(null, { upstreams: [], root: 'x.example' }))).toBe(
      '--root: there is no registry "x.example"',
    );
  });
});

describe('a password', () => {
  const withFile = (passwordFile: string) =>
    stated({ name: 'ghcr.io', credential: { username: 'ada', passwordFile } });

  it('is read from a file beside the configuration, without the newline', async () => {
    secretFile('password', 'pass word:é\n');
    const config = await load(withFile('password'));
    expect(config.byHost.get('ghcr.io')?.credential).toEqual({
      kind: 'password',
      username: 'ada',
      password: 'pass word:é',
    });
  });

  it('may be for everybody who reaches the cache, if that is said', async () => {
    const config = await load(
      stated({ name: 'ghcr.io', credential: 'docker', credentialFor: 'everyone' }),
    );
    expect(config.byHost.get('ghcr.io')).toMatchObject({ credentialFor: 'everyone' });
  });

  it.each([
    ['others can read', 0o604, 'topsecret', 'can be read or written by everybody (mode 604)'],
    ['others can write', 0o602, 'topsecret', 'can be read or written by everybody'],
    ['is empty', 0o600, '\n', 'is empty'],
    ['has two lines', 0o600, 'topsecret\nother\n', 'one line of text'],
    ['has a NUL', 0o600, 'topsecret\0', 'one line of text'],
    ['is too large', 0o600, 'x'.repeat(65_537), 'is too large'],
  ])('is refused when its file %s', async (_, mode, text, message) => {
    secretFile('refused', text, mode);
    const failure = await problemOf(load(withFile('refused')));
    expect(failure).toContain('registries[0].credential: ');
    expect(failure).toContain(message);
    expect(failure).not.toContain('topsecret');
  });

  it('may be read by a group', async () => {
    secretFile('grouped', 'x', 0o640);
    await expect(load(withFile('grouped'))).resolves.toBeDefined();
  });

  it('is refused when its file is missing or a directory', async () => {
    expect(await problemOf(load(withFile('nowhere')))).toContain('cannot be read (ENOENT)');
    mkdirSync(join(scratch, 'directory'), { mode: 0o700 });
    expect(await problemOf(load(withFile('directory')))).toContain('is not a regular file');
  });

  function secretFile(name: string, text: string, mode = 0o600): void {
    writeFileSync(join(scratch, name), text);
    chmodSync(join(scratch, name), mode);
  }
});

describe('a wrong file', () => {
  const places: readonly (readonly [string, unknown, string])[] = [
    ['is no JSON', '{', 'is no JSON'],
    ['is a list', [], ''],
    ['has an unknown field', { registrys: [] }, 'registrys'],
    ['has an unknown field of a registry', stated({ name: 'a.b', port: 1 }), 'registries[0]'],
    ['has a name without a dot', stated({ name: 'hub' }), 'registries[0].name'],
    ['has a URL for a name', stated({ name: 'https://a.b' }), 'registries[0].name'],
    ['has no endpoint', stated({ name: 'a.b', endpoints: [] }), 'registries[0].endpoints'],
    [
      'has another protocol',
      stated({ name: 'a.b', endpoints: ['ftp://a.b'] }),
      'registries[0].endpoints[0]: is no http or https address',
    ],
    [
      'has an endpoint with a query',
      stated({ name: 'a.b', endpoints: ['https://a.b/?x'] }),
      'registries[0].endpoints[0]: has a query',
    ],
    [
      'has an endpoint with the path that is added',
      stated({ name: 'a.b', endpoints: ['https://a.b/v2/'] }),
      'ends with /v2',
    ],
    [
      'has a credential in an endpoint',
      stated({ name: 'a.b', endpoints: ['https://ada:secret@a.b'] }),
      'has a credential',
    ],
    [
      'has a password',
      stated({ name: 'a.b', credential: { username: 'ada', password: 'secret' } }),
      'registries[0].credential: is none of',
    ],
    [
      'says whom no credential is for',
      stated({ name: 'a.b', credentialFor: 'everyone' }),
      'registries[0].credentialFor: there is no credential',
    ],
    [
      'has a name twice',
      stated({ name: 'a.b' }, { name: 'A.B' }),
      'two registries have the name a.b',
    ],
    [
      'has an alias twice',
      stated({ name: 'a.b', aliases: ['c.d'] }, { name: 'e.f', aliases: ['c.d'] }),
      'registries[1]: a.b and e.f are both known as c.d',
    ],
    [
      'has an alias of its own name',
      stated({ name: 'a.b', aliases: ['a.b'] }),
      'a.b has the name a.b twice',
    ],
    [
      'takes the alias of a known registry',
      stated({ name: 'registry-1.docker.io' }),
      'registries[0]: registry-1.docker.io and docker.io are both known as registry-1.docker.io',
    ],
    [
      'takes a known name as an alias',
      stated({ name: 'a.b', aliases: ['ghcr.io'] }),
      'registries[0]: a.b and ghcr.io',
    ],
    [
      'sends a credential in clear',
      stated({ name: 'a.b', endpoints: ['https://a.b', 'http://a.b'], credential: 'docker' }),
      'registries[0]: the credential would be sent in clear to http://a.b',
    ],
    [
      "sends clients' credentials in clear",
      stated({ name: 'a.b', endpoints: ['http://a.b'], clientCredentials: true }),
      "registries[0]: clients' credentials would be sent in clear",
    ],
    [
      'has an endpoint twice',
      stated({ name: 'a.b', endpoints: ['https://a.b', 'https://a.b/'] }),
      'one endpoint',
    ],
    ['has a root that is not there', { root: 'x.example' }, 'root: there is no registry'],
    ['has nothing', { onlyStated: true }, 'root: there is no registry "docker.io"'],
    ['has a negative time', { tagMaxAgeSec: -1 }, 'tagMaxAgeSec'],
    ['has a time without end', '{"maxStaleSec":1e999}', 'maxStaleSec'],
    ['has no room', { maxCacheBytes: 0 }, 'maxCacheBytes'],
    ['has a proxy by name', { trustedProxies: ['proxy.example'] }, 'trustedProxies[0]'],
    ['has a network too wide', { trustedProxies: ['10.0.0.0/33'] }, 'trustedProxies[0]'],
  ];

  it.each(places)('that %s is refused', async (_, value, message) => {
    const failure = await problemOf(load(value));
    expect(failure).toContain(join(scratch, 'config.json'));
    expect(failure).toContain(message);
    expect(failure).not.toContain('secret');
  });

  it('carries the file and the place', async () => {
    const file = write(stated({ name: 'a.b', endpoints: ['x'] }));
    await expect(loadCacheConfig(file, noFlags)).rejects.toMatchObject({
      code: 'config_invalid',
      data: { file, place: 'registries[0].endpoints[0]' },
    });
  });

  it('is missing', async () => {
    const file = join(scratch, 'missing.json');
    expect(await problemOf(loadCacheConfig(file, noFlags))).toBe(
      `${file}: cannot be read (ENOENT)`,
    );
  });

  it('of any kind ends in a configuration or in config_invalid', async () => {
    const field = fc.constantFrom(
      'registries',
      'name',
      'aliases',
      'endpoints',
      'root',
      'credential',
      'onlyStated',
      '__proto__',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(
          'a.b',
          'docker.io',
          'https://a.b',
          'docker',
          '',
          'localhost',
          3,
          null,
          true,
        ),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(field, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(value, async (each) => {
        const outcome = await load(JSON.stringify(each) ?? 'null').then(
          () => 'config_invalid',
          (error: unknown) => (error as { code?: unknown }).code,
        );
        expect(outcome).toBe('config_invalid');
      }),
      { numRuns: 300 },
    );
  });
});

async function problemOf(loading: Promise<unknown>): Promise<string> {
  const failure: unknown = await loading.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'config_invalid' });
  return (failure as Error).message;
}
