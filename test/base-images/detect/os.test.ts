import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { parseKeyValues } from '../../../base-images/detect/os/os-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { type Sketches, storedSketch } from '../support/sketched-files.ts';

const releases = await loadReleases();
const shell = { content: 'shell', mode: 0o755 };
const dpkg = 'Package: dpkg\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n';

async function detect(files: Sketches): Promise<BaseFacts> {
  return detectBase(await storedSketch(files), { releases });
}

describe('os-release', () => {
  it('is read as a shell would read it', () => {
    const { values, badLines } = parseKeyValues(
      [
        '# a comment',
        '',
        'ID=ubuntu',
        `NAME='with "quotes"'`,
        String.raw`PRETTY_NAME="a \"b\" \$c \\ d"`,
        'VERSION="9 (stretch)" # a comment',
        'EMPTY=',
        'ID=debian',
        'UTF8="caf\xc3\xa9"',
        'DOS=yes\r',
        'no assignment',
        'OPEN="not closed',
        '1X=y',
      ].join('\n'),
    );
    expect(Object.fromEntries(values)).toEqual({
      ID: 'debian',
      NAME: 'with "quotes"',
      PRETTY_NAME: 'a "b" $c \\ d',
      VERSION: '9 (stretch)',
      EMPTY: '',
      UTF8: 'café',
      DOS: 'yes',
    });
    expect(badLines).toBe(3);
  });

  it('of 14.04 is completed by lsb-release', async () => {
    const { os, release } = await detect({
      'etc/os-release':
        'NAME="Ubuntu"\nVERSION="14.04.6 LTS, Trusty Tahr"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="14.04"\n',
      'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\n',
      'bin/sh': shell,
      'var/lib/dpkg/status': dpkg,
    });
    expect(os).toMatchObject({ versionId: '14.04', versionCodename: 'trusty' });
    expect(release).toBe('ubuntu-14.04');
  });

  it('is looked for in /usr/lib where /etc has a link that leads to nothing', async () => {
    const { os, problems } = await detect({
      'etc/os-release': { target: '../nowhere' },
      'usr/lib/os-release': 'ID=debian\nVERSION_ID="12"\n',
    });
    expect(os).toMatchObject({ id: 'debian', source: 'usr/lib/os-release' });
    expect(problems).toContainEqual(
      expect.objectContaining({ path: 'etc/os-release', kind: 'dangling-link' }),
    );
  });
});

describe('before os-release', () => {
  it.each<[string, Sketches, Partial<BaseFacts['os']>, string | null]>([
    [
      'lsb-release',
      { 'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\n' },
      { id: 'ubuntu', versionId: '14.04', source: 'etc/lsb-release' },
      'ubuntu-14.04',
    ],
    [
      'debian_version',
      { 'etc/debian_version': '10.13\n' },
      { id: 'debian', versionId: '10', source: 'etc/debian_version' },
      'debian-10',
    ],
    [
      'debian_version before a release',
      { 'etc/debian_version': 'forky/sid\n' },
      { id: 'debian', versionId: null, versionCodename: 'forky' },
      'debian-14',
    ],
    [
      'alpine-release',
      { 'etc/alpine-release': '3.19.1\n' },
      { id: 'alpine', versionId: '3.19.1' },
      null,
    ],
    [
      'redhat-release of CentOS',
      { 'etc/redhat-release': 'CentOS release 6.10 (Final)\n' },
      { id: 'centos', versionId: '6.10', idLike: ['rhel', 'fedora'] },
      null,
    ],
    [
      'redhat-release of RHEL',
      { 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n' },
      { id: 'rhel', versionId: '6.10' },
      null,
    ],
  ])('an image is told from %s', async (_, files, os, release) => {
    const facts = await detect(files);
    expect(facts.os).toMatchObject(os);
    expect(facts.release).toBe(release);
  });
});

describe('a derivative', () => {
  it.each<[string, string, string | undefined, string | null]>([
    [
      'Linux Mint',
      'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="21.3"\nVERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n',
      undefined,
      'ubuntu-22.04',
    ],
    [
      'LMDE',
      'ID=linuxmint\nID_LIKE=debian\nVERSION_ID="6"\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n',
      '12.5',
      'debian-12',
    ],
    [
      'Pop!_OS',
      'ID=pop\nID_LIKE="ubuntu debian"\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n',
      'bookworm/sid',
      'ubuntu-22.04',
    ],
    [
      'Raspbian',
      'ID=raspbian\nID_LIKE=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
      '11.9',
      'debian-11',
    ],
    [
      'Devuan',
      'ID=devuan\nID_LIKE=debian\nVERSION_ID="5"\nVERSION_CODENAME=daedalus\n',
      '12.0',
      'debian-12',
    ],
    [
      'Kali',
      'ID=kali\nID_LIKE=debian\nVERSION_ID="2024.1"\nVERSION_CODENAME=kali-rolling\n',
      'kali-rolling',
      null,
    ],
    [
      'one with a version that Debian has, too',
      'ID=other\nID_LIKE=debian\nVERSION_ID="12"\n',
      undefined,
      null,
    ],
    [
      'one before a release',
      'ID=neon\nID_LIKE="ubuntu debian"\nVERSION_ID="24.04"\n',
      'trixie/sid',
      null,
    ],
  ])('%s is known by what it was made from', async (_, text, debianVersion, derivedFrom) => {
    const facts = await detect({
      'etc/os-release': text,
      ...(debianVersion === undefined ? {} : { 'etc/debian_version': `${debianVersion}\n` }),
      'bin/sh': shell,
      'var/lib/dpkg/status': dpkg,
    });
    expect(facts).toMatchObject({ family: 'debian', release: null, derivedFrom, problems: [] });
  });
});

describe('what an image is', () => {
  const apk = 'P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:busybox\nV:1.36.1-r29\nA:x86_64\n';
  it.each<[string, Sketches, Partial<BaseFacts>]>([
    [
      'Alpine',
      {
        'etc/os-release': 'ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n',
        'lib/apk/db/installed': apk,
        'bin/busybox': shell,
        'bin/sh': { target: '/bin/busybox' },
        'bin/date': { target: '/bin/busybox' },
        'sbin/init': { target: '/bin/busybox' },
        'sbin/openrc': shell,
        'etc/ssl/cert.pem': '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n',
        'usr/local/share/ca-certificates/own.crt': '',
      },
      {
        family: 'alpine',
        release: null,
        libc: { kind: 'musl', version: '1.2.5' },
        init: { kind: 'openrc', path: 'sbin/init', realPath: 'bin/busybox', version: null },
        coreutils: { kind: 'busybox', version: '1.36.1' },
        ca: {
          bundlePath: 'etc/ssl/cert.pem',
          certificates: 1,
          mechanism: 'bundle-only',
          localDirectory: null,
          localCertificates: ['usr/local/share/ca-certificates/own.crt'],
        },
        architecture: { name: 'amd64', source: 'lib/apk/db/installed' },
      },
    ],
    [
      'Fedora',
      {
        'etc/os-release': { target: '../usr/lib/os-release' },
        'usr/lib/os-release': 'ID=fedora\nVERSION_ID=42\n',
        'usr/lib/sysimage/rpm/rpmdb.sqlite': 'SQLite format 3\0',
        'usr/bin/sh': shell,
        bin: { target: 'usr/bin' },
        'usr/bin/update-ca-trust': shell,
        'usr/lib64/libc.so.6': 'GNU C Library (GNU libc) stable release version 2.41.\n',
        'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem': '',
      },
      { family: 'redhat', libc: { kind: 'glibc', version: '2.41' }, usrMerged: true },
    ],
    [
      'one of SUSE',
      {
        'etc/os-release': 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
        'var/lib/rpm/Packages': 'x',
        'bin/sh': shell,
      },
      { family: 'other' },
    ],
    [
      'distroless',
      {
        'etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Distroless"\n',
        'var/lib/dpkg/status.d/libc6':
          'Package: libc6\nVersion: 2.36-9+deb12u10\nArchitecture: amd64\n',
        'var/lib/dpkg/status.d/libc6.md5sums': 'ab  lib/x\n',
        'var/lib/dpkg/status.d/tzdata':
          'Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n',
      },
      { family: 'distroless', release: 'debian-12', libc: { kind: 'glibc', version: '2.36' } },
    ],
    [
      'one with chisel',
      { 'etc/os-release': 'ID=ubuntu\nVERSION_ID="24.04"\n', 'var/lib/chisel/manifest.wall': 'x' },
      { family: 'distroless', release: 'ubuntu-24.04' },
    ],
    ['scratch', { 'app/server': shell }, { family: 'scratch', usrMerged: null }],
    [
      'busybox alone',
      { 'bin/sh': shell, 'etc/passwd': 'root:x:0:0:r:/root:/bin/sh\n' },
      { family: 'other' },
    ],
    [
      'Debian whose shell was removed',
      {
        'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
        'usr/bin/apt-get': shell,
        'var/lib/dpkg/status': dpkg,
      },
      { family: 'debian', release: 'debian-12' },
    ],
  ])('is told of %s', async (_, files, expected) => {
    const facts = await detect(files);
    expect(facts).toMatchObject(expected);
    expect(facts.problems.filter(({ kind }) => kind !== 'missing')).toEqual([]);
  });
});
