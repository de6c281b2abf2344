import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { cgroupParent, readCgroupMounts, removeCgroup, type CgroupMount } from './cgroup.ts';
import {
  currentProcessScope,
  isRunning,
  type ProcessIdentity,
  type ProcessScope,
} from './process-identity.ts';
import { parseStepName, readKeeperRecord, type StepOwner } from './step-directory.ts';

/**
 * Removes what killed workers left below `workRoot`: step directories and cgroups; a keeper that still runs is
 * killed, and its namespace and mounts end with it. Gives the names of the removed directories. A step whose worker runs
 * is never touched, nor one of another pid namespace of this boot, whose workers cannot be seen from here.
 */
export async function sweepRunLeftovers(workRoot: string): Promise<string[]> {
  const scope = await currentProcessScope();
  const cgroups = await readCgroupMounts();
  const removed: string[] = [];
  for (const name of await namesIn(workRoot)) {
    const owner = parseStepName(name);
    if (owner === undefined || (await mayBeAlive(owner, scope))) continue;
    const path = join(workRoot, name);
    const keeper = await readKeeperRecord(path);
    if (keeper !== undefined && owner.scope.boot === scope.boot) await endKeeper(keeper, path);
    await removeCgroup(cgroups, name);
    await rm(path, { recursive: true, force: true });
    removed.push(name);
  }
  await sweepCgroups(cgroups, scope);
  return removed;
}

/** Cgroups of dead workers whose directories somebody else removed, of whatever work root. */
async function sweepCgroups(mounts: readonly CgroupMount[], scope: ProcessScope): Promise<void> {
  for (const mount of mounts) {
    for (const name of await namesIn(join(mount.path, cgroupParent))) {
      const owner = parseStepName(name);
      if (owner === undefined || (await mayBeAlive(owner, scope))) continue;
      await removeCgroup(mounts, name);
    }
  }
}

async function mayBeAlive(owner: StepOwner, here: ProcessScope): Promise<boolean> {
  if (owner.scope.boot !== here.boot) return false;
  if (owner.scope.pidNamespace !== here.pidNamespace) return true;
  return isRunning(owner.process);
}

async function namesIn(workRoot: string): Promise<string[]> {
  try {
    return (await readdir(workRoot)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The keeper ends by itself when its worker does; one that has not is stuck or was stopped. */
async function endKeeper(keeper: ProcessIdentity, path: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (await isRunning(keeper)) {
    if (performance.now() > deadlineMs) {
      throw new AshlarError('internal', `process ${keeper.pid} of ${path} does not end`, {
        data: { pid: keeper.pid, path },
      });
    }
    kill(keeper.pid);
    await delay(10);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}
