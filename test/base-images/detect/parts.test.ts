import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { architectureOfElf } from '../../../base-images/detect/system/elf.ts';
import { type Sketches, storedSketch } from '../support/sketched-files.ts';

const program = { content: 'program', mode: 0o755 };

async function detect(files: Sketches): Promise<BaseFacts> {
  return detectBase(await storedSketch(files), { releases: [] });
}

describe('authorities', () => {
  const one = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';

  it('are counted, and those of one’s own are listed', async () => {
    const { ca } = await detect({
      'etc/ssl/certs/ca-certificates.crt': `${one}${one.replaceAll('\n', '\r\n')}junk\n${one}`,
      'usr/sbin/update-ca-certificates': program,
      'usr/local/share/ca-certificates/a.crt': one,
      'usr/local/share/ca-certificates/deep/b c.crt': one,
      'usr/local/share/ca-certificates/not.pem': one,
      'usr/local/share/ca-certificates/loop': { target: '.' },
    });
    expect(ca).toEqual({
      bundlePath: 'etc/ssl/certs/ca-certificates.crt',
      certificates: 3,
      mechanism: 'update-ca-certificates',
      localDirectory: 'usr/local/share/ca-certificates',
      localCertificates: [
        'usr/local/share/ca-certificates/a.crt',
        'usr/local/share/ca-certificates/deep/b c.crt',
      ],
    });
  });

  it('are none where there is neither a bundle nor a mechanism', async () => {
    const { ca } = await detect({ 'etc/ssl/certs': { directory: true } });
    expect(ca).toMatchObject({ bundlePath: null, mechanism: 'none', localDirectory: null });
  });
});

describe('what the machine is called', () => {
  it.each<[string, Sketches, BaseFacts['machineId']]>([
    ['missing', { 'etc/x': '' }, 'missing'],
    ['empty', { 'etc/machine-id': '' }, 'empty'],
    ['to be made', { 'etc/machine-id': 'uninitialized\n' }, 'uninitialized'],
    ['set', { 'etc/machine-id': `${'0a'.repeat(16)}\n` }, 'set'],
    ['another thing', { 'etc/machine-id': 'localhost\n' }, 'invalid'],
    ['a directory', { 'etc/machine-id/x': '' }, 'invalid'],
  ])('machine-id: %s', async (_, files, state) => {
    expect((await detect(files)).machineId).toBe(state);
  });

  it('hostname: the first line that is no comment', async () => {
    expect((await detect({ 'etc/hostname': '# x\n\n box \nother\n' })).hostname).toBe('box');
    expect((await detect({ 'etc/hostname': '' })).hostname).toBe(null);
  });

  it('resolv.conf: the link, and where it leads', async () => {
    const { resolvConf } = await detect({
      'etc/resolv.conf': { target: '../run/resolv.conf' },
      'run/resolv.conf': 'nameserver\n',
    });
    expect(resolvConf).toEqual({
      type: 'symlink',
      target: '../run/resolv.conf',
      realPath: 'run/resolv.conf',
      sizeBytes: 11,
    });
  });
});

describe('init', () => {
  const status = (name: string, version: string): string =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
  it.each<[string, Sketches, Partial<BaseFacts['init']>]>([
    ['none', { 'etc/x': '' }, { kind: 'none', path: null }],
    [
      'systemd behind links',
      {
        sbin: { target: 'usr/sbin' },
        'usr/sbin/init': { target: '../lib/systemd/systemd' },
        'usr/lib/systemd/systemd': program,
        'var/lib/dpkg/status': status('systemd', '252.39-1~deb12u2'),
      },
      {
        kind: 'systemd',
        path: 'sbin/init',
        realPath: 'usr/lib/systemd/systemd',
        version: '252.39',
      },
    ],
    [
      'upstart by its package',
      { 'sbin/init': program, 'var/lib/dpkg/status': status('upstart', '1.12.1-0ubuntu4.2') },
      { kind: 'upstart', version: '1.12.1' },
    ],
    [
      'sysvinit by its package',
      { 'sbin/init': program, 'var/lib/dpkg/status': status('sysvinit-core', '3.06-4') },
      { kind: 'sysvinit', version: '3.06' },
    ],
    [
      'upstart by its words',
      { 'sbin/init': { content: 'init (upstart 1.12.1)', mode: 0o755 } },
      { kind: 'upstart', version: null },
    ],
    ['a script', { 'sbin/init': { content: '#!/bin/sh\n', mode: 0o755 } }, { kind: 'other' }],
    [
      'the second place',
      { 'sbin/init': 'no program', 'bin/init': program },
      { kind: 'other', path: 'bin/init' },
    ],
    [
      'busybox',
      { 'bin/busybox': program, 'sbin/init': { target: '../bin/busybox' } },
      { kind: 'busybox' },
    ],
  ])('is %s', async (_, files, init) => {
    expect((await detect(files)).init).toMatchObject(init);
  });
});

describe('libc', () => {
  it.each<[string, Sketches, BaseFacts['libc']]>([
    [
      'by its name',
      {
        'lib/x86_64-linux-gnu/libc.so.6': { target: 'libc-2.31.so' },
        'lib/x86_64-linux-gnu/libc-2.31.so': '',
      },
      { kind: 'glibc', version: '2.31' },
    ],
    [
      'by its words',
      {
        'usr/lib64/libc.so.6': 'GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n',
      },
      { kind: 'glibc', version: '2.36' },
    ],
    ['that says nothing', { 'lib64/libc.so.6': 'x' }, { kind: 'glibc', version: null }],
    ['of musl', { 'lib/ld-musl-x86_64.so.1': 'x' }, { kind: 'musl', version: null }],
    ['that is missing', { 'bin/static': 'x' }, { kind: 'none', version: null }],
  ])('is found %s', async (_, files, libc) => {
    expect((await detect(files)).libc).toEqual(libc);
  });
});

describe('the header of a program', () => {
  const header = (data: number, machine: readonly number[]): Buffer =>
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, data, ...Array<number>(12).fill(0), ...machine]);
  it('says its architecture', () => {
    expect(architectureOfElf(header(1, [62, 0]))).toBe('amd64');
    expect(architectureOfElf(header(1, [183, 0]))).toBe('arm64');
    expect(architectureOfElf(header(2, [0, 22]))).toBe('s390x');
    expect(architectureOfElf(header(1, [21, 0]))).toBe('ppc64le');
    expect(architectureOfElf(header(1, [99, 99]))).toBe(null);
    expect(architectureOfElf(Buffer.from('#!/bin/sh\n# a script of some length\n'))).toBe(null);
    expect(architectureOfElf(Buffer.from([0x7f, 0x45, 0x4c, 0x46]))).toBe(null);
  });
});
