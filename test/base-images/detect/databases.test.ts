import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import {
  parseDeb822Sources,
  parseSourcesList,
} from '../../../base-images/detect/network/apt-sources.ts';
import { parseApkInstalled } from '../../../base-images/detect/packages/apk-installed.ts';
import { parseDpkgStatus } from '../../../base-images/detect/packages/dpkg-status.ts';
import { type Sketches, storedSketch } from '../support/sketched-files.ts';

async function detect(files: Sketches): Promise<BaseFacts> {
  return detectBase(await storedSketch(files), { releases: [] });
}

describe('the status file of dpkg', () => {
  it('tells what is there from what was removed', () => {
    const { packages, badStanzas } = parseDpkgStatus(
      [
        'Package: apt\nStatus: install ok installed\nVersion: 2.6.2\nArchitecture: amd64\nDescription: x\n Version: 9\n',
        'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: amd64\n',
        'Package: never\nStatus: unknown ok not-installed\n',
        'Package: half\nStatus: install reinstreq half-configured\nVersion: 1:2-3\nArchitecture: all\n',
        'Status: install ok installed\nVersion: 1\n',
      ].join('\n'),
    );
    expect(packages).toEqual([
      { name: 'apt', version: '2.6.2', architecture: 'amd64', status: 'installed' },
      { name: 'half', version: '1:2-3', architecture: 'all', status: 'half-configured' },
    ]);
    expect(badStanzas).toBe(1);
  });

  it('gives of several architectures the native one', async () => {
    const { packages, libc } = await detect({
      'var/lib/dpkg/status': [
        'Package: libc6\nStatus: install ok installed\nVersion: 2.35-1\nArchitecture: i386\n',
        'Package: libc6\nStatus: install ok installed\nVersion: 2.36-1\nArchitecture: amd64\n',
        'Package: dpkg\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
      ].join('\n'),
    });
    expect(packages.get('libc6')?.architecture).toBe('amd64');
    expect(packages.count).toBe(3);
    expect(libc.version).toBe('2.36');
  });
});

describe('the database of apk', () => {
  it('has a letter for each field, in both cases', () => {
    const text = [
      'C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\np:so:libc=1\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\n',
      'P:busybox\nV:1.36.1-r29\nA:x86_64\n',
      'V:1\n',
    ].join('\n');
    expect(parseApkInstalled(text)).toEqual([
      { name: 'musl', version: '1.2.5-r0', architecture: 'x86_64', status: 'installed' },
      { name: 'busybox', version: '1.36.1-r29', architecture: 'x86_64', status: 'installed' },
    ]);
  });
});

describe('sources of apt', () => {
  it('are read a line each', () => {
    const { sources, bad } = parseSourcesList(
      [
        '# deb http://archive.example/ubuntu off main',
        'deb http://archive.example/ubuntu jammy main universe # a comment',
        'deb-src [arch=amd64 signed-by=/a.gpg] https://archive.example/ubuntu jammy main',
        'deb cdrom:[Ubuntu 14.04 LTS]/ trusty main',
        'deb file:/srv/mirror ./',
        'deb http://archive.example',
        'rpm http://archive.example x',
        '',
      ].join('\n'),
    );
    expect(
      sources.map(({ types, uris, suites, components }) => [
        ...types,
        ...uris,
        ...suites,
        ...components,
      ]),
    ).toEqual([
      ['deb', 'http://archive.example/ubuntu', 'jammy', 'main', 'universe'],
      ['deb-src', 'https://archive.example/ubuntu', 'jammy', 'main'],
      ['deb', 'cdrom:[Ubuntu 14.04 LTS]/', 'trusty', 'main'],
      ['deb', 'file:/srv/mirror', './'],
    ]);
    expect(bad).toBe(2);
  });

  it('are read in stanzas', () => {
    const { sources, bad } = parseDeb822Sources(
      [
        '# a comment',
        'Types: deb deb-src',
        'URIs: http://archive.example/ubuntu',
        '# in between',
        'Suites: noble noble-updates',
        ' noble-backports',
        'Components: main',
        'Signed-By:',
        ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
        ' .',
        ' Zm9v',
        '',
        '',
        'types: deb',
        'uris: http://a.example http://b.example',
        'suites: noble',
        'Enabled: no',
        '',
        'Types: deb',
        'URIs: http://a.example',
      ].join('\r\n'),
    );
    expect(sources).toEqual([
      {
        enabled: true,
        types: ['deb', 'deb-src'],
        uris: ['http://archive.example/ubuntu'],
        suites: ['noble', 'noble-updates', 'noble-backports'],
        components: ['main'],
      },
      {
        enabled: false,
        types: ['deb'],
        uris: ['http://a.example', 'http://b.example'],
        suites: ['noble'],
        components: [],
      },
    ]);
    expect(bad).toBe(1);
  });

  it('are found in all files that apt reads, and in no other', async () => {
    const line = 'deb http://archive.example x main\n';
    const { apt } = await detect({
      'etc/apt/sources.list': line,
      'etc/apt/sources.list.d/b.list': line,
      'etc/apt/sources.list.d/a.sources': 'Types: deb\nURIs: http://a.example\nSuites: x\n',
      'etc/apt/sources.list.d/c.list.save': line,
      'etc/apt/sources.list.d/d e.list': line,
    });
    expect(apt.sources.map(({ file, format }) => [file, format])).toEqual([
      ['etc/apt/sources.list', 'list'],
      ['etc/apt/sources.list.d/a.sources', 'deb822'],
      ['etc/apt/sources.list.d/b.list', 'list'],
    ]);
  });
});
