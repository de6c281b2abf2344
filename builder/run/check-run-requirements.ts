import { access, constants, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { runCommand, systemErrorCode } from '../../src/index.ts';
import { readCgroupMounts, type CgroupMount } from './cgroup.ts';
import { defaultProfilePath } from './seccomp-profile.ts';
import { chooseNetworkHelper, isOldPasta } from './step-network.ts';
import { findTool, toolEnvironment } from './tool-environment.ts';

/** One thing that running build steps needs of this machine. */
export interface Requirement {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What to do where it is not met; empty otherwise. */
  readonly mend: string;
}

/** Programs, any one of each line, and the Debian package that brings them. */
const programs: readonly (readonly [names: readonly string[], mend: string])[] = [
  [['crun', 'runc'], 'apt-get install crun'],
  [['unshare'], 'apt-get install util-linux'],
  [['nsenter'], 'apt-get install util-linux'],
  [['setsid'], 'apt-get install util-linux'],
  [['mount'], 'apt-get install mount'],
  [['losetup'], 'apt-get install mount'],
  [['mke2fs'], 'apt-get install e2fsprogs'],
  [['ip'], 'apt-get install iproute2'],
];

/** Looks at all that `withRunStep` needs, changing nothing. */
export async function checkRunRequirements(): Promise<Requirement[]> {
  const mounts = await readCgroupMounts();
  return Promise.all([
    rootRequirement(),
    ...programs.map(async ([names, mend]) => programRequirement(names, mend)),
    networkRequirement(),
    tarRequirement(),
    fileRequirement(
      'seccomp profile',
      defaultProfilePath,
      'apt-get install golang-github-containers-common',
    ),
    fileRequirement('loop devices', '/dev/loop-control', 'modprobe loop'),
    fileRequirement('tap devices', '/dev/net/tun', 'modprobe tun'),
    kernelRequirement(),
    ...['ext4', 'overlay', 'mqueue'].map(async (type) => fileSystemRequirement(type)),
    ...['memory', 'pids', 'devices'].map((controller) => cgroupRequirement(mounts, controller)),
  ]);
}

async function rootRequirement(): Promise<Requirement> {
  const ok = process.getuid?.() === 0;
  return {
    name: 'root',
    ok,
    detail: `user id ${process.getuid?.() ?? 'unknown'}`,
    mend: ok ? '' : 'run as root: mounts and containers need it',
  };
}

async function programRequirement(names: readonly string[], mend: string): Promise<Requirement> {
  const name = names.join(' or ');
  for (const candidate of names) {
    const path = await findTool(candidate);
    if (path !== undefined) return { name, ok: true, detail: path, mend: '' };
  }
  return { name, ok: false, detail: 'not installed', mend };
}

async function networkRequirement(): Promise<Requirement> {
  const mend = 'apt-get install slirp4netns';
  const found = await programRequirement(['pasta', 'slirp4netns'], mend);
  if (!found.ok || (await chooseNetworkHelper()) === 'slirp4netns') return found;
  if (!(await isOldPasta(found.detail))) return found;
  const detail = `${found.detail}, an old one: TCP connections closed on one side may hang (${mend})`;
  return { ...found, detail };
}

async function tarRequirement(): Promise<Requirement> {
  const path = await findTool('tar');
  if (path === undefined) {
    return { name: 'GNU tar', ok: false, detail: 'not installed', mend: 'apt-get install tar' };
  }
  const options = { env: toolEnvironment(), timeoutMs: 10_000 };
  const { stdout } = await runCommand(path, ['--version'], options);
  const detail = stdout.toString('utf8').split('\n')[0] ?? '';
  const ok = detail.includes('GNU tar');
  return { name: 'GNU tar', ok, detail, mend: ok ? '' : 'apt-get install tar' };
}

async function fileRequirement(name: string, path: string, mend: string): Promise<Requirement> {
  try {
    await access(path, constants.R_OK);
    return { name, ok: true, detail: path, mend: '' };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const isDenied = code === 'EACCES' || code === 'EPERM';
    return { name, ok: false, detail: `${path}: ${code}`, mend: isDenied ? 'run as root' : mend };
  }
}

/** Mount namespaces, loop and overlay are older; overlay without syncs is of 5.10. */
async function kernelRequirement(): Promise<Requirement> {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const ok = major > 5 || (major === 5 && minor >= 10);
  const mend = ok
    ? ''
    : 'use kernel 5.10 or later; steps run on older ones, but sync what they write';
  return { name: 'kernel 5.10 or later', ok, detail: release(), mend };
}

async function fileSystemRequirement(type: string): Promise<Requirement> {
  const name = `${type} file system`;
  const known = await readFile('/proc/filesystems', 'latin1');
  if (new RegExp(`\\b${type}\\n`).test(known)) {
    return { name, ok: true, detail: 'known to the kernel', mend: '' };
  }
  const detail = 'not known to the kernel, unless its module is loaded on demand';
  return { name, ok: false, detail, mend: `modprobe ${type}` };
}

/** Version 2 has no controller for devices: a program attached to the cgroup takes its place. */
async function cgroupRequirement(
  mounts: readonly CgroupMount[],
  controller: string,
): Promise<Requirement> {
  const name = `cgroup controller ${controller}`;
  const inherent = controller === 'devices';
  const found =
    mounts.find((mount) => mount.version === 1 && mount.controllers.includes(controller)) ??
    mounts.find(
      (mount) => mount.version === 2 && (inherent || mount.controllers.includes(controller)),
    );
  if (found !== undefined) {
    return { name, ok: true, detail: `version ${found.version} at ${found.path}`, mend: '' };
  }
  const mend = inherent
    ? 'mount cgroup version 2, or version 1 with this controller, at /sys/fs/cgroup'
    : `enable the controller; until then, steps run without a ${controller} limit`;
  return { name, ok: false, detail: 'not available', mend };
}
