import { describe, expect, it } from 'vitest';
import type { BaseFacts, BaseProblem } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { changedFiles } from '../../../base-images/files/changed-files.ts';
import type { ImageFiles } from '../../../base-images/files/image-files.ts';
import { reconstructRelease } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { findRelease } from '../../../base-images/releases/find-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { type Sketches, storedSketch } from '../support/sketched-files.ts';

const releases = await loadReleases();
const bookworm = reconstructRelease(findRelease(releases, 'debian:12'), { sudo: 'installed' });
const mib = 1024 * 1024;

async function detect(files: Sketches): Promise<BaseFacts> {
  return detectBase(await storedSketch(files), { releases });
}

/** A base of Debian 12 with other text in one file. */
async function detectWith(path: string, text: string): Promise<BaseFacts> {
  const owned = { mode: 0o644, uid: 0, gid: 0 };
  const content = Buffer.from(text);
  const files = await changedFiles(bookworm, [{ ...owned, kind: 'file', path, content }]);
  return detectBase(files, { releases });
}

function problemsAt(facts: BaseFacts, path: string): readonly BaseProblem['kind'][] {
  return facts.problems.filter((problem) => problem.path === path).map(({ kind }) => kind);
}

describe('a base that is not as it should be', () => {
  it('has no /etc', async () => {
    const facts = await detect({ 'bin/sh': { content: 'x', mode: 0o755 } });
    expect(facts).toMatchObject({ os: { id: null }, family: 'other', release: null });
    expect(problemsAt(facts, 'etc')).toEqual(['missing']);
  });

  it('has a file for /etc', async () => {
    const facts = await detect({ etc: 'a file' });
    expect(problemsAt(facts, 'etc')).toEqual(['wrong-type']);
    expect(facts.resolvConf.type).toBe('missing');
  });

  it('has nothing at all', async () => {
    const facts = await detect({});
    expect(facts).toMatchObject({ family: 'scratch', packages: { count: 0 }, architecture: null });
  });

  it('has an os-release of 10 MB', async () => {
    const facts = await detect({
      'etc/os-release': `ID=debian\n${'#'.repeat(10 * mib)}`,
      'etc/debian_version': '12.5\n',
    });
    expect(problemsAt(facts, 'etc/os-release')).toEqual(['too-large']);
    expect(facts.os).toMatchObject({ id: 'debian', source: 'etc/debian_version' });
  });

  it('has an os-release that is no text', async () => {
    const facts = await detect({ 'etc/os-release': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]) });
    expect(problemsAt(facts, 'etc/os-release')).toEqual(['not-text']);
    expect(facts.os.id).toBe(null);
  });

  it.each([
    ['has no ID', 'NAME=x\nVERSION_ID=12\n'],
    ['has an ID with a slash', 'ID=../../etc\n'],
    ['has an ID of control characters', 'ID="a\x1b[31m"\n'],
    ['is a shell script', 'if true; then\n  ID=x\nfi\n$(reboot)\n'],
    ['has bytes that are no UTF-8', 'ID=\xff\xfe\n'],
  ])('has an os-release that %s', async (_, text) => {
    const facts = await detect({ 'etc/os-release': text });
    expect(facts.release).toBe(null);
    expect(problemsAt(facts, 'etc/os-release')).toContain('malformed');
  });

  it('says that it is another release: by its libc', async () => {
    const facts = await detectWith(
      'etc/os-release',
      'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="18.04"\n',
    );
    expect(facts.release).toBe('ubuntu-18.04');
    expect(facts.problems).toContainEqual({
      path: 'etc/os-release',
      kind: 'contradiction',
      says: 'says Ubuntu 18.04 LTS (Bionic Beaver), which has libc6 2.27, and libc6 2.36 is installed',
    });
    expect(facts.libc.version).toBe('2.36');
  });

  it('says that it is another distribution: by its packages', async () => {
    const alpine = await detectWith('etc/os-release', 'ID=alpine\nVERSION_ID=3.20\n');
    expect(alpine.family).toBe('debian');
    expect(problemsAt(alpine, 'etc/os-release')).toEqual(['contradiction']);
    const debian = await detect({
      'etc/os-release': 'ID=debian\nVERSION_ID=12\n',
      'lib/apk/db/installed': 'P:musl\nV:1.2.5-r0\nA:aarch64\n',
      'bin/sh': { content: 'x', mode: 0o755 },
    });
    expect(debian).toMatchObject({ family: 'alpine', architecture: { name: 'arm64' } });
    expect(problemsAt(debian, 'etc/os-release')).toEqual(['contradiction']);
  });

  it('says one version and the codename of another', async () => {
    const facts = await detect({
      'etc/os-release': 'ID=debian\nVERSION_ID=12\nVERSION_CODENAME=trixie\n',
    });
    expect(facts.release).toBe('debian-12');
    expect(problemsAt(facts, 'etc/os-release')).toEqual(['contradiction']);
  });

  it('says one version in os-release and another in lsb-release', async () => {
    const facts = await detect({
      'etc/os-release': 'ID=ubuntu\nVERSION_ID="18.04"\n',
      'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n',
    });
    expect(problemsAt(facts, 'etc/os-release')).toEqual(['contradiction']);
  });

  it('has programs for another architecture than its packages', async () => {
    const status = ['dpkg', 'libc6']
      .map((name) => `Package: ${name}\nVersion: 2.36\nArchitecture: arm64\n`)
      .join('\n');
    const facts = await detectWith('var/lib/dpkg/status', status);
    expect(facts.architecture?.name).toBe('amd64');
    expect(problemsAt(facts, 'var/lib/dpkg/status')).toEqual(['contradiction']);
  });

  it('has links that lead out of the root, in circles, or to nothing', async () => {
    const facts = await detect({
      'etc/os-release': { target: '../../../../../../etc/os-release' },
      'etc/passwd': { target: 'group' },
      'etc/group': { target: 'passwd' },
      'etc/sudoers': { target: '/../../outside' },
      'etc/sudoers.d': { target: '../etc' },
      'usr/bin/sudo': { target: 'sudo' },
      'sbin/init': { target: '/lib/systemd/systemd' },
    });
    expect(facts.os.id).toBe(null);
    for (const path of ['etc/os-release', 'etc/passwd', 'etc/group', 'etc/sudoers', 'sbin/init'])
      expect([path, problemsAt(facts, path)]).toEqual([path, ['dangling-link']]);
    expect(facts.sudoers.directory?.path).toBe('etc');
    expect(facts.sudo.program).toBe(null);
  });

  it('has damaged files of accounts', async () => {
    const facts = await detect({
      'etc/passwd':
        'root:x:0:0:root:/root:/bin/sh\nbad line\n:x:1:1:::\nneg:x:-1:0:::\nbig:x:4294967296:0:::\n+::::::\n\nb\xe9b:x:1000:1000:::\n',
      'etc/group': 'sudo:x:27:a,,b\nsudo:x\n',
    });
    expect(facts.users.passwd.map(({ name }) => name)).toEqual(['root', 'b\xe9b']);
    expect(facts.users.groupByName('sudo')).toEqual({ name: 'sudo', gid: 27, members: ['a', 'b'] });
    expect(facts.users.groupById(27)?.name).toBe('sudo');
    expect(facts.users.byName('nobody')).toBe(null);
    expect(problemsAt(facts, 'etc/passwd')).toEqual(['malformed']);
    expect(problemsAt(facts, 'etc/group')).toEqual(['malformed']);
  });

  it('has damage itself, and then that is thrown', async () => {
    const broken: ImageFiles = {
      ...bookworm,
      read: () => Promise.reject(new Error('the image is damaged')),
    };
    await expect(detectBase(broken, { releases })).rejects.toThrow('the image is damaged');
  });
});
