import { copyFile, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../../builder/run/tool-environment.ts';
import {
  createBench,
  failureOf,
  listing,
  putBusybox,
  rootTimeSec,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
} from './fixture.ts';

let bench: Bench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBench();
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** Each shape of an image around the places that a container mounts upon. */
const shapes: readonly (readonly [name: string, shape: (tree: string) => Promise<void>])[] = [
  [
    'plain files',
    async (tree) => {
      for (const name of ['resolv.conf', 'hosts', 'hostname']) {
        await writeFile(join(tree, 'etc', name), 'from the image\n');
      }
    },
  ],
  ['none of the files', async () => {}],
  ['no /etc', async (tree) => rm(join(tree, 'etc'), { recursive: true })],
  [
    'a dangling link',
    async (tree) => {
      await symlink('../run/systemd/resolve/stub-resolv.conf', join(tree, 'etc/resolv.conf'));
    },
  ],
  [
    'an absolute link to a file',
    async (tree) => {
      await mkdir(join(tree, 'run'));
      await writeFile(join(tree, 'run/resolv.conf'), 'from the image\n');
      await symlink('/run/resolv.conf', join(tree, 'etc/resolv.conf'));
    },
  ],
  [
    'a link that leads out',
    async (tree) => {
      await symlink('/../../../../../../etc/resolv.conf', join(tree, 'etc/resolv.conf'));
    },
  ],
  ['a directory as resolv.conf', async (tree) => mkdir(join(tree, 'etc/resolv.conf'))],
  [
    '/etc as a link',
    async (tree) => {
      await mkdir(join(tree, 'usr'));
      await rm(join(tree, 'etc'), { recursive: true });
      await mkdir(join(tree, 'usr/etc'));
      await symlink('/usr/etc', join(tree, 'etc'));
    },
  ],
  [
    '/etc as a dangling link',
    async (tree) => {
      await rm(join(tree, 'etc'), { recursive: true });
      await symlink('usr/lib/etc', join(tree, 'etc'));
    },
  ],
  [
    '/proc, /sys and /dev as links and files',
    async (tree) => {
      for (const name of ['proc', 'sys', 'dev']) await rm(join(tree, name), { recursive: true });
      await symlink('/etc', join(tree, 'proc'));
      await symlink('/nowhere', join(tree, 'sys'));
      await writeFile(join(tree, 'dev'), '');
    },
  ],
];

describe.skipIf(whyNoSteps !== '')(`mounts of a step ${whyNoSteps}`, () => {
  it.each(shapes)('leave no trace in an image with %s', async (name, shape) => {
    const disk = await bench.disk(name.replace(/\W+/g, '-'), shape);
    const script = 'cat /etc/hostname; grep -c localhost /etc/hosts; cat /etc/resolv.conf';
    const { stdout, entries } = await runStep(shellStep(bench, disk, script, { hostname: 'box' }));
    expect(stdout).toBe('box\n2\n# This step has no network.\n');
    expect(listing(entries)).toEqual([]);
    expect(entries[0]?.header.mtime?.getTime()).toBe(rootTimeSec * 1000);
  });

  it('leave no trace in an image of one static program', async () => {
    const disk = await bench.bareDisk('bare', async (tree) => {
      await copyFile((await findTool('busybox')) ?? '', join(tree, 'busybox'));
    });
    const argv = ['/busybox', 'ls', '/'];
    const { stdout, entries } = await runStep({ ...shellStep(bench, disk, ''), argv });
    expect(stdout.split('\n')).toEqual(['busybox', 'dev', 'etc', 'proc', 'sys', '']);
    expect(listing(entries)).toEqual([]);
  });

  it('leave what the step does beside them', async () => {
    const disk = await bench.bareDisk('beside', putBusybox);
    const script = 'mkdir -p /etc/apt; echo x > /etc/hosts; echo y > /etc/new; rm -f /etc/hostname';
    const { stderr, entries } = await runStep(shellStep(bench, disk, script));
    expect(stderr).toContain('resource busy');
    expect(listing(entries)).toEqual([
      './etc/ directory',
      './etc/apt/ directory',
      './etc/new file',
    ]);
  });

  it('keep owner, mode, time and attributes of the directories they lie in', async () => {
    const disk = await bench.disk('attributes', async (tree) => {
      await utimes(join(tree, 'etc'), 1_500_000_000, 1_500_000_000);
    });
    const script = 'stat -c "%a %u %Y" /etc; chmod 0600 /etc/passwd';
    const { stdout, entries } = await runStep(shellStep(bench, disk, script));
    expect(stdout).toBe('755 0 1500000000\n');
    expect(listing(entries)).toEqual(['./etc/ directory', './etc/passwd file']);
    expect(entries[1]?.header.mtime?.getTime()).toBe(1_500_000_000_000);
  });

  it('bind directories and files of the host read-only, wherever they are put', async () => {
    const disk = await bench.disk('extra', async (tree) => {
      await symlink('/nowhere', join(tree, 'link'));
    });
    const source = join(bench.path, 'source');
    await mkdir(join(source, 'sub'), { recursive: true });
    await writeFile(join(source, 'sub/file'), 'text');
    const file = join(source, 'sub/file');
    const extraMounts = [
      { hostPath: source, guestPath: '/mnt/deep/source' },
      { hostPath: file, guestPath: '/run/secrets/one' },
      { hostPath: file, guestPath: '/link' },
      { hostPath: file, guestPath: '/etc/passwd' },
      { hostPath: source, guestPath: '/tmp' },
    ];
    const script = `cat /mnt/deep/source/sub/file /run/secrets/one /link /etc/passwd /tmp/sub/file
      echo no > /run/secrets/one; touch /mnt/deep/source/new; rm /mnt/deep/source/sub/file; true`;
    const { stdout, stderr, entries } = await runStep(
      shellStep(bench, disk, script, { extraMounts }),
    );
    expect(stdout).toBe('text'.repeat(5));
    expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect(listing(entries)).toEqual([]);
  });

  it('can be a program that the step runs', async () => {
    const disk = await bench.disk('script');
    const hostPath = join(bench.path, 'script.sh');
    await writeFile(hostPath, '#!/bin/sh\necho "ran $1"\n', { mode: 0o755 });
    const { stdout, step } = await runStep({
      ...shellStep(bench, disk, ''),
      argv: ['/dev/steps/script', 'it'],
      extraMounts: [{ hostPath, guestPath: '/dev/steps/script' }],
    });
    expect([step.exitCode, stdout]).toEqual([0, 'ran it\n']);
  });

  it('are refused, or left out with a notice, where a file is in the way', async () => {
    const disk = await bench.disk('way', async (tree) => {
      await rm(join(tree, 'etc'), { recursive: true });
      await writeFile(join(tree, 'etc'), 'a file');
    });
    const { step, stdout } = await runStep(shellStep(bench, disk, 'cat /etc'));
    expect(stdout).toBe('a file');
    expect(step.notices).toHaveLength(3);
    const extraMounts = [{ hostPath: bench.path, guestPath: '/etc/x' }];
    const error = await failureOf(runStep(shellStep(bench, disk, 'true', { extraMounts })));
    expect(error.code).toBe('step_failed');
  });
});
