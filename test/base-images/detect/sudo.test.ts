import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { type Sketches, storedSketch } from '../support/sketched-files.ts';

const setuid = { content: 'sudo', mode: 0o4755 };
const plain = { content: 'program', mode: 0o755 };

function status(...packages: readonly (readonly [string, string])[]): string {
  return [['dpkg', '1.0'] as const, ...packages]
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
}

async function detect(files: Sketches): Promise<BaseFacts> {
  return detectBase(await storedSketch(files), { releases: [] });
}

describe('sudo', () => {
  it('is none where there is none, or none that can be run', async () => {
    expect((await detect({ 'etc/passwd': '' })).sudo).toEqual({
      program: null,
      others: [],
      visudoPath: null,
    });
    const { sudo } = await detect({
      'usr/bin/sudo': 'no program',
      'bin/sudo': { directory: true },
      'usr/sbin/sudo': { target: 'nothing' },
    });
    expect(sudo.program).toBe(null);
  });

  it('from source has no version, and comes before that of the package', async () => {
    const { sudo } = await detect({
      'usr/local/bin/sudo': setuid,
      'usr/local/sbin/visudo': plain,
      'usr/bin/sudo': setuid,
      'usr/sbin/visudo': plain,
      'var/lib/dpkg/status': status(['sudo', '1.9.13p3-1+deb12u4']),
    });
    expect(sudo.program).toEqual({
      engine: { provider: 'sudo', version: null },
      path: 'usr/local/bin/sudo',
      realPath: 'usr/local/bin/sudo',
      how: 'local',
      setuid: true,
      packageVersion: null,
    });
    expect(sudo.others).toMatchObject([
      { path: 'usr/bin/sudo', how: 'package', engine: { version: '1.9.13p3' } },
    ]);
    expect(sudo.visudoPath).toBe('usr/local/sbin/visudo');
  });

  it('from source may be sudo-rs: it says so of itself', async () => {
    const { sudo } = await detect({
      'usr/local/bin/sudo': { content: 'ELF sudo-rs 0.2.8 \0', mode: 0o4755 },
    });
    expect(sudo.program?.engine).toEqual({ provider: 'sudo-rs', version: null });
  });

  it('that lost its setuid bit, or belongs to another, is found as that', async () => {
    const lost = await detect({ 'usr/bin/sudo': plain });
    expect(lost.sudo.program).toMatchObject({ setuid: false, how: 'unowned' });
    const foreign = await detect({ 'usr/bin/sudo': { ...setuid, uid: 1000 } });
    expect(foreign.sudo.program?.setuid).toBe(false);
  });

  it('beside sudo-rs is sudo, and sudo-rs has a name of its own', async () => {
    const { sudo } = await detect({
      'usr/bin/sudo': setuid,
      'usr/bin/sudo-rs': { target: '../lib/cargo/bin/sudo' },
      'usr/lib/cargo/bin/sudo': setuid,
      'var/lib/dpkg/status': status(['sudo', '1.9.17p2-9'], ['sudo-rs', '0.2.15-1']),
      'var/lib/dpkg/info/sudo.list': '/.\n/usr/bin/sudo\n',
      'var/lib/dpkg/info/sudo-rs.list': '/.\n/usr/lib/cargo/bin/sudo\n/usr/bin/sudo-rs\n',
    });
    expect(sudo.program?.engine).toEqual({ provider: 'sudo', version: '1.9.17p2' });
    expect(sudo.others).toMatchObject([
      { engine: { provider: 'sudo-rs', version: '0.2.15' }, path: 'usr/bin/sudo-rs' },
    ]);
  });

  it('of alternatives is what the links lead to', async () => {
    const links: Sketches = {
      'usr/bin/sudo': { target: '/etc/alternatives/sudo' },
      'usr/bin/sudo.ws': setuid,
      'usr/lib/cargo/bin/sudo': setuid,
      'var/lib/dpkg/status': status(['sudo', '1.9.17p2-1ubuntu3'], ['sudo-rs', '0.2.13-0ubuntu1']),
    };
    const rust = await detect({
      ...links,
      'etc/alternatives/sudo': { target: '/usr/lib/cargo/bin/sudo' },
    });
    expect(rust.sudo.program).toMatchObject({
      engine: { provider: 'sudo-rs', version: '0.2.13' },
      how: 'alternatives',
      realPath: 'usr/lib/cargo/bin/sudo',
    });
    expect(rust.sudo.others).toMatchObject([{ engine: { provider: 'sudo', version: '1.9.17p2' } }]);
    const classic = await detect({
      ...links,
      'etc/alternatives/sudo': { target: '/usr/bin/sudo.ws' },
    });
    expect(classic.sudo.program).toMatchObject({
      engine: { provider: 'sudo', version: '1.9.17p2' },
      how: 'alternatives',
    });
    const broken = await detect({ ...links, 'etc/alternatives/sudo': { target: '/gone' } });
    expect(broken.sudo.program).toBe(null);
  });

  it('of a package is known where /usr is merged and the package names /bin', async () => {
    const { sudo } = await detect({
      bin: { target: 'usr/bin' },
      'usr/bin/sudo': setuid,
      'var/lib/dpkg/status': status(['sudo', '1.8.31-1ubuntu1.2']),
      'var/lib/dpkg/info/sudo.list': '/bin/sudo\n',
    });
    expect(sudo.program).toMatchObject({ how: 'package', engine: { version: '1.8.31' } });
    expect(sudo.others).toEqual([]);
  });

  it('that replaced that of the package has no version', async () => {
    const { sudo } = await detect({
      'usr/bin/sudo': setuid,
      'var/lib/dpkg/status': status(['sudo', '1.8.31-1ubuntu1.2']),
      'var/lib/dpkg/info/sudo.list': '/elsewhere/sudo\n',
    });
    expect(sudo.program).toMatchObject({ how: 'unowned', engine: { version: null } });
  });
});

describe('/etc/sudoers', () => {
  it.each<[string, string, Partial<BaseFacts['sudoers']>]>([
    ['nothing', '', { lines: 0, bytes: 0, endsInNewline: false, include: null }],
    ['no final newline', 'a\nb', { lines: 2, endsInNewline: false }],
    [
      'CRLF',
      'a\r\n#includedir /etc/sudoers.d\r\n',
      { crlf: true, include: { style: '#', line: 2 } },
    ],
    ['the old include', '# x\n#includedir /etc/sudoers.d\n', { include: { style: '#', line: 2 } }],
    ['the new include', '@includedir\t/etc/sudoers.d/ \n', { include: { style: '@', line: 1 } }],
    [
      'both',
      '#includedir /etc/sudoers.d\n@includedir /etc/sudoers.d\n',
      { include: { style: '#', line: 1 } },
    ],
    ['an include that is a comment', '# includedir /etc/sudoers.d\n', { include: null }],
    ['an include of something else', '#includedir /etc/sudoers.dx\n', { include: null }],
    ['an include of a file', '@include /etc/sudoers.d\n', { include: null }],
  ])('with %s', async (_, text, expected) => {
    expect((await detect({ 'etc/sudoers': text })).sudoers).toMatchObject(expected);
  });

  it('of 100,000 lines is counted', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `u${index} ALL=(ALL) ALL\n`);
    const { sudoers, problems } = await detect({
      'etc/sudoers': `${lines.join('')}@includedir /etc/sudoers.d\n`,
    });
    expect(sudoers).toMatchObject({ lines: 100_001, include: { style: '@', line: 100_001 } });
    expect(problems).toEqual([]);
  });
});
