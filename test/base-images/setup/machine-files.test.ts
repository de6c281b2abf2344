import { describe, expect, it } from 'vitest';
import type { Sketches } from '../support/sketched-files.ts';
import { debianSketch, setUpSketch, textAt } from './support/set-up.ts';

const program = { content: 'program', mode: 0o755 };
const systemd: Sketches = {
  'usr/lib/systemd/systemd': program,
  'usr/sbin/init': { target: '/lib/systemd/systemd' },
};

describe('hostname and hosts', () => {
  it('are made where docker left them empty or out', async () => {
    const { files } = await setUpSketch(debianSketch);
    expect(await textAt(files, 'etc/hostname')).toBe('ashlar\n');
    expect(await textAt(files, 'etc/hosts')).toBe(
      '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\tashlar\n',
    );
  });

  it('stay as they are where the machine has a name that is found', async () => {
    const own = {
      'etc/hostname': '# my machine\nbox\n',
      'etc/hosts': '127.0.0.1 localhost box # both\n',
    };
    const { files, plan } = await setUpSketch({ ...debianSketch, ...own });
    expect(await textAt(files, 'etc/hosts')).toBe(own['etc/hosts']);
    expect(plan.changes.some(({ path }) => path.startsWith('etc/host'))).toBe(false);
  });

  it('get the name of the machine on a line of its own, also behind a line without an end', async () => {
    const own = { 'etc/hostname': 'box', 'etc/hosts': '127.0.0.1 localhost\n# 127.0.1.1 box' };
    const { files } = await setUpSketch({ ...debianSketch, ...own });
    expect(await textAt(files, 'etc/hosts')).toBe(
      '127.0.0.1 localhost\n# 127.0.1.1 box\n127.0.1.1\tbox\n',
    );
  });
});

describe('resolv.conf', () => {
  it.each([
    '../run/resolvconf/resolv.conf',
    '/run/systemd/resolve/stub-resolv.conf',
    '/etc/passwd',
  ])('is put in the place of a link to %s, and not written through it', async (target) => {
    const { files } = await setUpSketch({ ...debianSketch, 'etc/resolv.conf': { target } });
    expect(await files.at('etc/resolv.conf')).toMatchObject({ type: 'file', mode: 0o644 });
    expect(await textAt(files, 'etc/passwd')).toMatch(/^root:/);
    expect(await files.at('run/resolvconf/resolv.conf')).toBeNull();
  });

  it('stays the link of systemd-resolved where the image starts that', async () => {
    const link = { target: '../run/systemd/resolve/stub-resolv.conf' };
    const resolved = { 'usr/lib/systemd/systemd-resolved': program, 'etc/resolv.conf': link };
    const { files, plan } = await setUpSketch({ ...debianSketch, ...systemd, ...resolved });
    expect(await files.at('etc/resolv.conf')).toMatchObject(link);
    expect(plan.notes).toContainEqual(expect.objectContaining({ step: 'resolver', kind: 'kept' }));
  });

  it('that is a file stays as it is', async () => {
    const { plan } = await setUpSketch({
      ...debianSketch,
      'etc/resolv.conf': 'nameserver 192.0.2.1\n',
    });
    expect(plan.changes.some(({ step }) => step === 'resolver')).toBe(false);
  });
});

describe('machine-id', () => {
  const id = '0123456789abcdef0123456789abcdef\n';

  it('is emptied, and that of D-Bus becomes a link to it', async () => {
    const { files } = await setUpSketch({
      ...debianSketch,
      'etc/machine-id': { content: id, mode: 0o444 },
      'var/lib/dbus/machine-id': id,
    });
    expect(await files.at('etc/machine-id')).toMatchObject({ sizeBytes: 0, mode: 0o444 });
    expect(await files.at('var/lib/dbus/machine-id')).toMatchObject({ target: '/etc/machine-id' });
  });

  it.each([
    ['missing, without systemd', {}, null],
    ['missing, with systemd', systemd, 0],
    ['waiting to be filled', { 'etc/machine-id': 'uninitialized\n' }, 14],
    ['empty', { 'etc/machine-id': '' }, 0],
  ])('that is %s', async (_, more, size) => {
    const { files } = await setUpSketch({ ...debianSketch, ...more });
    expect((await files.at('etc/machine-id'))?.sizeBytes ?? null).toBe(size);
  });
});

describe('apt', () => {
  const database = [
    'Name: adduser/homedir-permission\nTemplate: adduser/homedir-permission\nOwners: adduser\n',
    'Name: debconf/frontend\nTemplate: debconf/frontend\nOwners: debconf\nFlags: seen\n',
    'Name: debconf/priority\nTemplate: debconf/priority\nValue: high\nOwners: debconf\n',
  ].join('\n');

  it('asks nothing: in files of its own, and in the database of debconf', async () => {
    const { files } = await setUpSketch({
      ...debianSketch,
      'var/cache/debconf/config.dat': database,
      'etc/needrestart': { directory: true },
    });
    expect(await textAt(files, 'etc/apt/apt.conf.d/90ashlar')).toContain('force-confold');
    expect(await textAt(files, 'etc/needrestart/conf.d/zz-ashlar.conf')).toContain(
      "{restart} = 'a'",
    );
    expect(await textAt(files, 'var/cache/debconf/config.dat')).toBe(
      database.replace(
        'Template: debconf/frontend\n',
        'Template: debconf/frontend\nValue: Noninteractive\n',
      ),
    );
  });

  it('gets no files where it is not', async () => {
    const { plan } = await setUpSketch({
      'etc/os-release': 'ID=alpine\n',
      'bin/sh': program,
      'lib/apk/db/installed': '',
    });
    expect(plan.changes.some(({ step }) => step === 'apt')).toBe(false);
  });
});

describe("docker's leftovers", () => {
  const stub = { content: '#!/bin/sh\nexit 0\n', mode: 0o755 };
  const initctl = { content: Buffer.alloc(200_000, 'initctl'), mode: 0o750, uid: 3 };
  const diverted: Sketches = {
    'usr/sbin/policy-rc.d': { content: '#!/bin/sh\nexit 101\n', mode: 0o755 },
    'usr/sbin/initctl': stub,
    'usr/sbin/initctl.distrib': initctl,
    'var/lib/dpkg/diversions':
      '/bin/x\n/bin/x.real\npackage\n/sbin/initctl\n/sbin/initctl.distrib\n:\n/bin/y\n/bin/y.real\n:\n',
    '.dockerenv': '',
    'run/systemd/container': 'docker\n',
  };

  it('go, and upstart has its initctl again', async () => {
    const { files } = await setUpSketch({ ...debianSketch, ...diverted });
    for (const path of [
      'usr/sbin/policy-rc.d',
      '.dockerenv',
      'run/systemd/container',
      'usr/sbin/initctl.distrib',
    ])
      expect(await files.at(path), path).toBeNull();
    expect(await files.at('usr/sbin/initctl')).toMatchObject({
      sizeBytes: 200_000,
      mode: 0o750,
      uid: 3,
    });
    expect(await textAt(files, 'var/lib/dpkg/diversions')).toBe(
      '/bin/x\n/bin/x.real\npackage\n/bin/y\n/bin/y.real\n:\n',
    );
  });

  it("leave a policy of the image's own", async () => {
    const own = { content: '#!/bin/sh\nexit 0\n', mode: 0o755 };
    const { files } = await setUpSketch({ ...debianSketch, 'usr/sbin/policy-rc.d': own });
    expect(await files.at('usr/sbin/policy-rc.d')).not.toBeNull();
  });
});
