import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/index.ts';
import {
  captureBoot,
  type CapturedBoot,
  type CapturedBootOptions,
} from '../support/captured-boot.ts';
import {
  bootObstacle,
  type InitDiskPlan,
  makeInitDisk,
  openFileSource,
} from '../support/root-disk.ts';

const obstacle = await bootObstacle();
let dir: TempDir;

type Boot = Pick<InitDiskPlan, 'name' | 'files'> & Omit<CapturedBootOptions, 'home' | 'disk'>;

async function bootWith({ name, files, ...options }: Boot): Promise<CapturedBoot> {
  const path = await makeInitDisk({ directory: dir.path, name, files });
  await using disk = await openFileSource(path);
  return await captureBoot({ home: join(dir.path, 'home'), disk, init: 'image', ...options });
}

/** Enough for an init to be one that a boot knows. */
const inittab = { 'etc/inittab': '' };

describe.skipIf(obstacle !== undefined)(`own init (${obstacle ?? 'with QEMU'})`, () => {
  beforeAll(async () => {
    dir = await createTempDir(tmpdir(), 'ashlar-own-init');
  });

  afterAll(async () => {
    await dir[Symbol.asyncDispose]();
  });

  it('is the first process, and runs the command when all else is done', async () => {
    const boot = await bootWith({
      name: 'busybox',
      files: {
        'sbin/init': ['/bin/busybox'],
        'etc/inittab': '::sysinit:/etc/furnish\n::wait:/etc/last\n::respawn:/bin/sleep 1000\n',
        'etc/furnish': '#!/bin/sh\nmount -t proc proc /proc\necho box >/proc/sys/kernel/hostname\n',
        'etc/last': '#!/bin/sh\nsleep 1\necho waited >/last\n',
      },
      argv: [
        'sh',
        '-c',
        'cat /proc/1/comm /proc/sys/kernel/hostname /last; pwd; id >&2; ls /sys; sleep 1000 & exit 3',
      ],
      user: 'app',
      workdir: '/srv/new',
    });
    expect(boot.stdout.toString()).toBe('init\nbox\nwaited\n/srv/new\n');
    expect(boot.stderr.toString()).toBe('uid=1000(app) gid=1001(app) groups=29(audio),1001(app)\n');
    expect(boot.exitCode).toBe(3);
    // It turned itself off; one that does not is killed after 5 s.
    expect(boot.timings.shutdownMs).toBeLessThan(5_000);
  });

  it('that there is none of, that is none, or that nobody knows is named', async () => {
    const [none, garbage] = await Promise.allSettled([
      bootWith({ name: 'none', files: { 'sbin/init': ['/nowhere'] }, argv: ['true'] }),
      bootWith({ name: 'garbage', files: { ...inittab, 'sbin/init': 'ELF?' }, argv: ['true'] }),
    ]);
    expect(none).toMatchObject({
      reason: {
        code: 'boot_check_failed',
        message: expect.stringMatching(
          /^the image's own init cannot be started: none of \/sbin\/init, \/etc\/init and \/bin\/init is/,
        ),
      },
    });
    expect(garbage).toMatchObject({
      reason: {
        code: 'boot_check_failed',
        message: expect.stringMatching(
          /^the image's own init: can't execute '\/sbin\/init': Exec format error\nLast lines/,
        ),
      },
    });
    await expect(
      bootWith({ name: 'unknown', files: { 'sbin/init': '#!/bin/sh\n' }, argv: ['true'] }),
    ).rejects.toMatchObject({
      code: 'boot_check_failed',
      message: expect.stringMatching(
        /cannot be started: \/sbin\/init is an init of an unknown kind/,
      ),
    });
  });

  it('that ends, or never comes so far, is named with its last words', async () => {
    const words = '#!/bin/sh\necho "the last words" >/dev/console\n';
    const beginMs = performance.now();
    const ended = await bootWith({
      name: 'ends',
      files: { ...inittab, 'sbin/init': words },
      argv: ['true'],
    }).catch((error: unknown) => error);
    expect(ended).toMatchObject({
      code: 'boot_check_failed',
      message: expect.stringMatching(
        /^the image's own init: ended: Attempted to kill init!.*\n[^]*the last words/,
      ),
    });
    // This machine's own pace, with a margin, so that the init is started.
    const timeoutMs = Math.round(2 * (performance.now() - beginMs) + 2_000);
    const boot = bootWith({
      name: 'hangs',
      files: { ...inittab, 'sbin/init': `${words}exec sleep 1000\n` },
      argv: ['true'],
      timeoutMs,
    });
    await expect(boot).rejects.toMatchObject({
      code: 'boot_timeout',
      message: expect.stringMatching(
        /it was stopped before the image's own init came so far that it ran the command\n[^]*the last words/,
      ),
      data: { stage: 'handed' },
    });
  });

  it('that is systemd is asked whether it came up, and tells what failed', async () => {
    const boot = bootWith({
      name: 'systemd',
      files: {
        'sbin/init': ['/lib/systemd/systemd'],
        'lib/systemd/systemd': [
          '#!/bin/sh',
          'mount -t proc proc /proc',
          'echo "[FAILED] Failed to mount data.mount - /data." >/dev/console',
          'cd /run/systemd/system && ls default.target.wants emergency.target.wants >/dev/console',
          'while IFS== read -r key value; do [ "$key" = ExecStart ] && $value; done <emergency.target.wants/ashlar-emergency.service',
          'exec sleep 1000',
        ].join('\n'),
        'bin/systemctl': [
          '#!/bin/sh',
          'case "$*" in',
          '  *is-active*) echo inactive ;;',
          '  *--state=failed*) echo "data.mount loaded failed failed /data" ;;',
          'esac',
        ].join('\n'),
      },
      argv: ['true'],
    });
    await expect(boot).rejects.toMatchObject({
      code: 'boot_check_failed',
      message: expect.stringMatching(
        /^the image's own init gave up before the machine was up: the default target was not reached; units that failed: data\.mount; it said: Failed to mount data\.mount - \/data\.\n[^]*ashlar-boot\.service/,
      ),
    });
  });
});
