import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GuestCommand } from '../../../base-images/setup/setup-plan.ts';
import { createTempDir, runCommand } from '../../../src/index.ts';
import { debianSketch, planned, setUpSketch, stored, textAt } from './support/set-up.ts';

const busyboxPath = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
const busybox = busyboxPath === undefined ? Buffer.from('busybox') : readFileSync(busyboxPath);
const shell: GuestCommand = { argv: ['/bin/sh'], env: [], workdir: '/', user: '' };
const program = { content: 'program', mode: 0o755 };

const guestWith = (command: Partial<GuestCommand> | null) => ({
  busybox,
  architecture: 'amd64',
  command: command === null ? null : { ...shell, ...command },
});

describe('the init of an image', () => {
  it.each([
    [
      'systemd',
      { 'usr/lib/systemd/systemd': program, 'usr/sbin/init': { target: '/lib/systemd/systemd' } },
    ],
    [
      'upstart',
      {
        'usr/sbin/init': program,
        'var/lib/dpkg/status':
          'Package: upstart\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.12\n',
      },
    ],
    [
      'sysvinit',
      {
        'usr/sbin/init': program,
        'var/lib/dpkg/status':
          'Package: sysvinit-core\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.06\n',
      },
    ],
  ])('stays where it is %s', async (name, files) => {
    const { plan } = await planned(await stored({ ...debianSketch, ...files }), {
      guest: guestWith({}),
    });
    expect(plan.changes.some(({ path }) => /busybox|sbin\/init/.test(path))).toBe(false);
    expect(plan.notes).toContainEqual(expect.objectContaining({ what: `${name} is the init` }));
  });

  it.each([
    ['a script', { 'usr/sbin/init': { content: '#!/bin/sh\n', mode: 0o755 } }],
    [
      'a busybox that has something to start',
      {
        'usr/bin/busybox': { content: 'BusyBox v1', mode: 0o755 },
        'usr/sbin/init': { target: '/usr/bin/busybox' },
        'etc/init.d/rcS': program,
      },
    ],
  ])('stays where it is %s, and nothing is brought', async (_, files) => {
    const { plan } = await planned(await stored({ ...debianSketch, ...files }), {
      guest: guestWith({}),
    });
    expect(plan.changes.filter(({ path }) => /busybox|init/.test(path))).toEqual([]);
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ step: 'init', kind: 'kept', why: 'the image has its own' }),
    );
  });

  it('takes the place of a busybox that would start nothing, as in images of Alpine', async () => {
    const alpine = {
      ...debianSketch,
      'usr/bin/busybox': { content: 'BusyBox v1', mode: 0o755 },
      'usr/sbin/getty': { target: '/usr/bin/busybox' },
      'usr/sbin/init': { target: '/usr/bin/busybox' },
      'etc/inittab':
        '::sysinit:/sbin/openrc sysinit\n# tty\ntty1::respawn:/sbin/getty 38400 tty1\n::ctrlaltdel:/sbin/reboot\n',
    };
    const first = await setUpSketch(alpine, { guest: guestWith({}) });
    expect(await first.files.follow('sbin/init')).toMatchObject({ path: 'usr/lib/ashlar/init' });
    const again = await planned(first, { guest: guestWith({}) });
    expect(again.plan.changes).toEqual([]);
  });

  it.each([
    [{ bin: { target: 'usr/bin' }, sbin: { target: 'usr/sbin' } }, 'usr/sbin/init'],
    [{ 'bin/sh': program, 'sbin/fsck': program }, 'sbin/init'],
  ])('is where the kernel looks, merged or not: %j', async (layout, path) => {
    const { bin: _, sbin: __, ...sketch } = debianSketch;
    const { files } = await setUpSketch({ ...sketch, ...layout }, { guest: guestWith(null) });
    expect(await files.at(path)).toMatchObject({ target: '/usr/lib/ashlar/init' });
    expect(await files.follow('sbin/init')).toMatchObject({
      path: 'usr/lib/ashlar/init',
      mode: 0o755,
    });
    expect(await files.at('usr/lib/ashlar/command')).toBeNull();
  });

  it('is a systemd that lies where no kernel looks', async () => {
    const systemd = { ...debianSketch, 'usr/lib/systemd/systemd': program };
    const { files } = await setUpSketch(systemd, { guest: guestWith({}) });
    expect(await files.at('usr/sbin/init')).toMatchObject({ target: '/lib/systemd/systemd' });
    expect(await files.at('usr/lib/ashlar/busybox')).toBeNull();
  });

  it('is not brought where nobody wants it, or none is at hand', async () => {
    const base = await stored(debianSketch);
    const { plan } = await planned(base, { guest: null });
    expect(plan.changes.some(({ path }) => path.endsWith('busybox'))).toBe(false);
    const { plan: without } = await planned(base, { guest: { missing: 'none here' } });
    expect(without.notes).toContainEqual(
      expect.objectContaining({ step: 'init', what: 'none here' }),
    );
  });

  it('is left out where the command runs as somebody who is not there', async () => {
    const base = await stored(debianSketch);
    const { plan } = await planned(base, { guest: guestWith({ user: 'nobody-here' }) });
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ step: 'init', what: expect.stringContaining('nobody-here') }),
    );
  });
});

const needs =
  process.getuid?.() === 0 && busyboxPath !== undefined
    ? (await runCommand('unshare', ['--fork', '--pid', '--mount', '--uts', '--net', 'true']))
        .exitCode === 0
    : false;

/** Runs the init of a set-up image as the first process of namespaces of its own; gives what came out. */
async function run(command: Partial<GuestCommand>): Promise<string> {
  const account = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n';
  const { files } = await setUpSketch(
    {
      ...debianSketch,
      'etc/passwd': account,
      'etc/group': 'root:x:0:\nnode:x:1000:\nextra:x:44:node\n',
    },
    { guest: guestWith(command) },
  );
  await using temp = await createTempDir(tmpdir(), 'init');
  const root = temp.path;
  for (const name of [
    'bin',
    'dev',
    'proc',
    'sys',
    'run/lock',
    'etc',
    'home/node',
    'usr/lib/ashlar',
  ])
    await mkdir(join(root, name), { recursive: true });
  await chmod(root, 0o755);
  for (const name of ['busybox', 'init', 'launch', 'command']) {
    const file = join(root, 'usr/lib/ashlar', name);
    const bytes = await files.read(`usr/lib/ashlar/${name}`, { maxBytes: 8 * 1024 * 1024 });
    await writeFile(file, bytes ?? '');
    await chmod(file, (await files.at(`usr/lib/ashlar/${name}`))?.mode ?? 0);
  }
  for (const name of ['etc/passwd', 'etc/group', 'etc/hostname'])
    await writeFile(join(root, name), (await textAt(files, name)) ?? '');
  await writeFile(join(root, 'etc/machine-id'), '');
  await symlink('/usr/lib/ashlar/busybox', join(root, 'bin/sh'));
  // A device file system is one for all: that of this machine is left alone.
  const script =
    'mount -t tmpfs tmpfs "$1/dev" && mknod -m 666 "$1/dev/null" c 1 3 && : >"$1/dev/console" && exec chroot "$1" /usr/lib/ashlar/init';
  const words = [
    '--fork',
    '--pid',
    '--mount',
    '--uts',
    '--net',
    '--kill-child',
    'sh',
    '-c',
    script,
    'sh',
    root,
  ];
  const { stdout, stderr } = await runCommand('unshare', words, { timeoutMs: 20_000 });
  return stdout.toString('utf8') + stderr.toString('utf8');
}

describe.skipIf(!needs)(
  'the init that is brought (skipped without root, busybox or namespaces)',
  () => {
    const bb = '/usr/lib/ashlar/busybox';

    it("runs the image's command as its user, with its groups, directory and environment", async () => {
      const words = `${bb} id; ${bb} pwd; ${bb} env; ${bb} hostname; ${bb} ls /run; ${bb} wc -c </etc/machine-id`;
      const output = await run({
        argv: ['/bin/sh', '-c', words],
        env: ['WORDS=it\'s $HOME `x` "y" ä', 'EMPTY='],
        workdir: '/home/node',
        user: 'node',
      });
      expect(output).toContain('uid=1000(node) gid=1000(node) groups=');
      expect(output).toContain('44(extra)');
      expect(output).toContain('\n/home/node\n');
      expect(output).toContain('\nWORDS=it\'s $HOME `x` "y" ä\n');
      expect(output).toContain('\nHOME=/home/node\n');
      expect(output).toContain('\nashlar\nlock\n33\n');
    });

    it('takes numbers for who it is, and makes the working directory', async () => {
      const output = await run({
        argv: ['sh', '-c', `${bb} id; ${bb} pwd`],
        env: ['PATH=/bin'],
        workdir: '/made/here',
        user: '4321:44',
      });
      expect(output).toMatch(/uid=4321 gid=44\(extra\)[^\n]*\n\/made\/here\n/);
    });

    it('buries orphans, and brings up the loopback', async () => {
      const orphan = `${bb} sh -c '${bb} sleep 0.1 & exit'; ${bb} sleep 0.4; ${bb} ps -o stat,args; ${bb} ip addr show lo`;
      const output = await run({ argv: ['/bin/sh', '-c', orphan] });
      expect(output).not.toMatch(/^Z/m);
      expect(output).toContain('127.0.0.1/8');
    });

    it('does nothing where it is not the first process', async () => {
      const result = await runCommand('sh', [
        join(import.meta.dirname, '../../../base-images/setup/guest/init.sh'),
      ]);
      expect(result.exitCode).toBe(1);
      expect(result.stderr.toString('utf8')).toContain('first process');
    });
  },
);
