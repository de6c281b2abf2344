import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode } from '../../src/index.ts';

/**
 * The cgroup of a step, in version 1 (one directory per hierarchy) and version 2 (one directory). The OCI runtime makes
 * the directories and puts the container into them; the limits are written here, between its create
 * and its start, so that one which cannot be set is known and not silently dropped.
 * Files: kernel documentation, admin-guide/cgroup-v1/{memory,pids}.rst and admin-guide/cgroup-v2.rst.
 */
export interface CgroupMount {
  readonly path: string;
  readonly version: 1 | 2;
  /** Version 1: the controllers of this hierarchy. Version 2: what its root offers. */
  readonly controllers: readonly string[];
}

export interface CgroupLimits {
  readonly memoryBytes?: number | undefined;
  readonly pids?: number | undefined;
}

export interface CgroupCounters {
  readonly oomKills: number;
  /** How often a fork was refused for the pids limit. */
  readonly forksRefused: number;
  readonly peakMemoryBytes: number | undefined;
  readonly cpuMs: number | undefined;
}

/** The cgroup below which all steps have theirs. */
export const cgroupParent = 'ashlar';

export async function readCgroupMounts(): Promise<readonly CgroupMount[]> {
  const mounts = parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  return Promise.all(
    mounts.map(async (mount) => {
      if (mount.version === 1) return mount;
      const offered = (await readIfThere(join(mount.path, 'cgroup.controllers'))) ?? '';
      return { ...mount, controllers: offered.trim().split(' ').filter(Boolean) };
    }),
  );
}

/** Reads proc_pid_mountinfo(5). */
export function parseCgroupMounts(mountinfo: string): readonly CgroupMount[] {
  const mounts = new Map<string, CgroupMount>();
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const path = left.split(' ')[4];
    const [type, , options = ''] = right.split(' ');
    if (path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    const version = type === 'cgroup' ? 1 : 2;
    mounts.set(path, { path, version, controllers: version === 1 ? options.split(',') : [] });
  }
  return [...mounts.values()];
}

/** Gives the names of the limits that this machine's cgroups could not take. */
export async function applyCgroupLimits(
  mounts: readonly CgroupMount[],
  id: string,
  limits: CgroupLimits,
): Promise<readonly string[]> {
  const unenforced: string[] = [];
  const { memoryBytes, pids } = limits;
  if (memoryBytes !== undefined && !(await limitMemory(mounts, id, memoryBytes))) {
    unenforced.push('memory');
  }
  if (pids !== undefined && !(await limitPids(mounts, id, pids))) unenforced.push('pids');
  return unenforced;
}

export async function readCgroupCounters(
  mounts: readonly CgroupMount[],
  id: string,
): Promise<CgroupCounters> {
  const memory = directoryOf(mounts, id, 'memory');
  const events = await readEvents(memory, ['memory.events', 'memory.oom_control']);
  const peak = await readNumber(memory, ['memory.peak', 'memory.max_usage_in_bytes']);
  const pidsEvents = await readEvents(directoryOf(mounts, id, 'pids'), ['pids.events']);
  const cpuNs = await readNumber(directoryOf(mounts, id, 'cpuacct'), ['cpuacct.usage']);
  const cpuUs = (await readEvents(directoryOf(mounts, id, 'cpu'), ['cpu.stat'])).get('usage_usec');
  return {
    oomKills: events.get('oom_kill') ?? 0,
    forksRefused: pidsEvents.get('max') ?? 0,
    peakMemoryBytes: peak,
    cpuMs: cpuUs !== undefined ? cpuUs / 1e3 : cpuNs !== undefined ? cpuNs / 1e6 : undefined,
  };
}

/** Removes a step's cgroup from all hierarchies, killing what is still in it. Gives up after 5 s without an error. */
export async function removeCgroup(mounts: readonly CgroupMount[], id: string): Promise<void> {
  for (const mount of mounts) await removeDirectory(join(mount.path, cgroupParent, id));
}

async function limitMemory(
  mounts: readonly CgroupMount[],
  id: string,
  memoryBytes: number,
): Promise<boolean> {
  const directory = directoryOf(mounts, id, 'memory');
  const bytes = String(memoryBytes);
  if (await writeIfThere(directory, 'memory.max', bytes)) {
    // Where the kernel has no swap accounting, there is no such file.
    await writeIfThere(directory, 'memory.swap.max', '0');
    return true;
  }
  if (!(await writeIfThere(directory, 'memory.limit_in_bytes', bytes))) return false;
  const swapToo = await writeIfThere(directory, 'memory.memsw.limit_in_bytes', bytes);
  if (!swapToo) await writeIfThere(directory, 'memory.swappiness', '0');
  return true;
}

async function limitPids(
  mounts: readonly CgroupMount[],
  id: string,
  pids: number,
): Promise<boolean> {
  return writeIfThere(directoryOf(mounts, id, 'pids'), 'pids.max', String(pids));
}

/** A controller is either on one version 1 hierarchy or on version 2. */
function directoryOf(
  mounts: readonly CgroupMount[],
  id: string,
  controller: string,
): string | undefined {
  const mount =
    mounts.find((one) => one.version === 1 && one.controllers.includes(controller)) ??
    mounts.find((one) => one.version === 2);
  return mount === undefined ? undefined : join(mount.path, cgroupParent, id);
}

async function readEvents(
  directory: string | undefined,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const events = new Map<string, number>();
  for (const name of directory === undefined ? [] : names) {
    const text = (await readIfThere(join(directory ?? '', name))) ?? '';
    for (const line of text.split('\n')) {
      const [key, value] = line.split(' ');
      if (key !== undefined && value !== undefined) events.set(key, Number(value));
    }
  }
  return events;
}

async function readNumber(
  directory: string | undefined,
  names: readonly string[],
): Promise<number | undefined> {
  for (const name of directory === undefined ? [] : names) {
    const text = await readIfThere(join(directory ?? '', name));
    if (text !== undefined) return Number(text);
  }
  return undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** False when the file is not there or does not take the value. */
async function writeIfThere(
  directory: string | undefined,
  name: string,
  value: string,
): Promise<boolean> {
  if (directory === undefined) return false;
  try {
    await writeFile(join(directory, name), value, { flag: 'r+' });
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (isAbsence(error) || ['EINVAL', 'EBUSY', 'EACCES', 'EROFS'].includes(code ?? '')) {
      return false;
    }
    throw error;
  }
}

async function removeDirectory(path: string): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  while (performance.now() < deadlineMs) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (isAbsence(error)) return;
      if (systemErrorCode(error) !== 'EBUSY' && systemErrorCode(error) !== 'ENOTEMPTY') throw error;
    }
    for (const child of await childrenOf(path)) await removeDirectory(child);
    await killMembers(path);
    await delay(5);
  }
}

async function childrenOf(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((one) => one.isDirectory()).map((one) => join(path, one.name));
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

async function killMembers(path: string): Promise<void> {
  const members = (await readIfThere(join(path, 'cgroup.procs'))) ?? '';
  for (const pid of members
    .split('\n')
    .map(Number)
    .filter((id) => id > 1)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (systemErrorCode(error) !== 'ESRCH') throw error;
    }
  }
}

function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP'].includes(systemErrorCode(error) ?? '');
}
