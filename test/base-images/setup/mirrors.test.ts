import { describe, expect, it } from 'vitest';
import { authority, debianSketch, planned, setUpSketch, stored, textAt } from './support/set-up.ts';

const url = (text: string): URL => new URL(text);

describe('mirrors', () => {
  it('are in no file where nobody asked for them', async () => {
    const { plan } = await setUpSketch(debianSketch);
    const steps = plan.changes.map(({ step }) => step);
    for (const step of ['npm', 'pip', 'docker-mirror', 'apt-mirror', 'ca'])
      expect(steps).not.toContain(step);
  });

  it('of npm keep what else is in the file, and name the authorities that Node does not find by itself', async () => {
    const old =
      '; mine\nregistry = http://old.example/\nsave-exact=true\nregistry=http://older.example/';
    const { files } = await setUpSketch(
      { ...debianSketch, 'etc/npmrc': old, 'usr/lib/node_modules/npm/bin/npm-cli.js': '' },
      { npmRegistry: url('https://mirror.example/npm/'), ca: [authority] },
    );
    const cafile = 'cafile=/etc/ssl/certs/ca-certificates.crt\n';
    expect(await textAt(files, 'etc/npmrc')).toBe(
      `; mine\nregistry=https://mirror.example/npm/\nsave-exact=true\n${cafile}`,
    );
    for (const path of ['usr/local/etc/npmrc', 'usr/etc/npmrc'])
      expect(await textAt(files, path)).toBe(`registry=https://mirror.example/npm/\n${cafile}`);
  });

  it('of pip are in the section global', async () => {
    const old =
      '[install]\nno-cache-dir = yes\n[global]\nindex_url = x\nindex-url: http://old.example\ntimeout = 3\n[list]\nformat = columns\n';
    const { files } = await setUpSketch(
      { ...debianSketch, 'etc/pip.conf': old },
      { pipIndex: url('http://mirror.example:8080/simple') },
    );
    expect(await textAt(files, 'etc/pip.conf')).toBe(
      '[install]\nno-cache-dir = yes\n[global]\nindex-url = http://mirror.example:8080/simple\ntrusted-host = mirror.example:8080\ntimeout = 3\n[list]\nformat = columns\n',
    );
    expect(await files.at('root/.pip/pip.conf')).toBeNull();
  });

  it('of pip before 6.0 are where that looks', async () => {
    const status =
      'Package: python-pip\nStatus: install ok installed\nArchitecture: all\nVersion: 1.5.4-1\n';
    const { files } = await setUpSketch(
      { ...debianSketch, 'var/lib/dpkg/status': status },
      { pipIndex: url('https://mirror.example/simple') },
    );
    expect(await textAt(files, 'root/.pip/pip.conf')).toContain(
      'index-url = https://mirror.example/',
    );
  });

  it('of docker are in its settings and in those of podman', async () => {
    const { files } = await setUpSketch(
      {
        ...debianSketch,
        'etc/docker/daemon.json': '{"debug": true, "registry-mirrors": ["http://old/"]}',
      },
      { dockerMirror: url('http://mirror.example:5000/hub') },
    );
    expect(JSON.parse((await textAt(files, 'etc/docker/daemon.json')) ?? '')).toEqual({
      debug: true,
      'registry-mirrors': ['http://mirror.example:5000/hub', 'http://old/'],
    });
    const containers = await textAt(files, 'etc/containers/registries.conf.d/zz-ashlar.conf');
    expect(containers).toContain('location = "mirror.example:5000/hub"\ninsecure = true');
  });

  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  it.each([
    ['no JSON', 'no JSON'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"text"'],
    ['endlessly deep', deep],
  ])(
    'of docker are refused where its settings are %s: their author has to mend them',
    async (_, text) => {
      const base = await stored({ ...debianSketch, 'etc/docker/daemon.json': text });
      const { plan } = await planned(base, { dockerMirror: url('http://mirror.example') });
      expect(plan.refusals).toMatchObject([
        { code: 'base_file_unusable', path: 'etc/docker/daemon.json' },
      ]);
      expect(plan.changes.some(({ path }) => path.startsWith('etc/docker'))).toBe(false);
    },
  );

  it('of apt take the place of the hosts of the distribution, in both forms of sources', async () => {
    const list = [
      '# deb http://deb.example/debian bookworm main',
      'deb http://deb.example/debian bookworm main',
      'deb [arch=amd64 signed-by=/a/b.gpg] https://deb.example/debian-security bookworm-security main',
      'deb-src http://deb.example/debian bookworm main',
      'deb https://vendor.example/linux/debian bookworm stable',
      'deb cdrom:[Debian]/ bookworm main',
      '',
    ].join('\n');
    const stanza =
      'Types: deb\nURIs: http://deb.example/debian\n https://vendor.example/x\nSuites: bookworm\nComponents: main\n';
    const { files } = await setUpSketch(
      {
        ...debianSketch,
        'etc/apt/sources.list': list,
        'etc/apt/sources.list.d/debian.sources': stanza,
      },
      { aptMirror: url('http://mirror.example/archives/') },
    );
    expect(await textAt(files, 'etc/apt/sources.list')).toBe(
      [
        '# deb http://deb.example/debian bookworm main',
        'deb http://mirror.example/archives/debian bookworm main',
        'deb [arch=amd64 signed-by=/a/b.gpg] http://mirror.example/archives/debian-security bookworm-security main',
        'deb-src http://mirror.example/archives/debian bookworm main',
        'deb https://vendor.example/linux/debian bookworm stable',
        'deb cdrom:[Debian]/ bookworm main',
        '',
      ].join('\n'),
    );
    expect(await textAt(files, 'etc/apt/sources.list.d/debian.sources')).toBe(
      'Types: deb\nURIs: http://mirror.example/archives/debian\n https://vendor.example/x\nSuites: bookworm\nComponents: main\n',
    );
  });

  it.each(['http://mirror.example', 'http://mirror.example/', 'http://mirror.example/debian/'])(
    'of apt may be named with the name of the archive: %s',
    async (mirror) => {
      const list = `deb http://one.example/debian bookworm main\ndeb http://two.example/debian-security bookworm-security main\n`;
      const base = { ...debianSketch, 'etc/apt/sources.list': list };
      const { files, plan } = await setUpSketch(base, { aptMirror: url(mirror) });
      expect(plan.refusals).toEqual([]);
      expect(await textAt(files, 'etc/apt/sources.list')).toBe(
        list.replaceAll(/http:\/\/(?:one|two)\.example/g, 'http://mirror.example'),
      );
    },
  );

  it('of apt over https are said to need a package in an old one', async () => {
    const status =
      'Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2.35\n';
    const { plan } = await setUpSketch(
      { ...debianSketch, 'var/lib/dpkg/status': status },
      { aptMirror: url('https://mirror.example') },
    );
    expect(plan.notes).toContainEqual(
      expect.objectContaining({
        step: 'apt-mirror',
        why: expect.stringContaining('apt-transport-https'),
      }),
    );
  });

  it.each([
    ['no sources', ''],
    ["none of the distribution's own", 'deb https://vendor.example/linux/debian bookworm stable\n'],
  ])('of apt are refused where there are %s', async (_, text) => {
    const base = await stored({ ...debianSketch, 'etc/apt/sources.list': text });
    const { plan } = await planned(base, { aptMirror: url('http://mirror.example') });
    expect(plan.refusals).toMatchObject([{ step: 'apt-mirror', code: 'setup_refused' }]);
  });
});
