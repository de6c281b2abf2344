import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import {
  currentProcessScope,
  identityOf,
  type ProcessIdentity,
  type ProcessScope,
} from './process-identity.ts';

/**
 * A step's directory below the work root. Its name says whose it is, so that a sweep can judge it from
 * the instant it exists: `step-<boot>-<pid namespace>-<pid>-<start ticks>-<random>`. The name is also the
 * container's id and the name of its cgroup.
 *
 *     step.json     the keeper process, once it runs
 *     scratch.img   the file system that holds all that the step writes; sparse
 *     parent/ scratch/ rootfs/   mount points, empty outside the step's mount namespace
 *     config.json   the OCI bundle's
 *     stdout stderr   the pipes of the command
 *     runtime/      the OCI runtime's state
 */
export interface StepDirectory extends AsyncDisposable {
  readonly id: string;
  readonly path: string;
}

export interface StepOwner {
  readonly scope: ProcessScope;
  readonly process: ProcessIdentity;
}

const namePattern = /^step-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-[0-9a-f]{8}$/;

/** Makes a new directory with its sub-directories; removed with all in it when disposed. */
export async function createStepDirectory(workRoot: string): Promise<StepDirectory> {
  const scope = await currentProcessScope();
  const own = await identityOf(process.pid);
  if (own === undefined) throw new AshlarError('internal', '/proc does not show this process');
  const id = [
    'step',
    scope.boot,
    scope.pidNamespace,
    own.pid,
    own.startTicks,
    randomBytes(4).toString('hex'),
  ].join('-');
  const path = join(workRoot, id);
  await makeDirectories(workRoot, path);
  return {
    id,
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Whose step a directory's name tells of; undefined when it is no step directory. */
export function parseStepName(name: string): StepOwner | undefined {
  const [, boot, pidNamespace, pid, startTicks] = namePattern.exec(name) ?? [];
  if (boot === undefined || pidNamespace === undefined) return undefined;
  return {
    scope: { boot, pidNamespace },
    process: { pid: Number(pid), startTicks: Number(startTicks) },
  };
}

export async function writeKeeperRecord(path: string, keeper: ProcessIdentity): Promise<void> {
  await writeFile(join(path, 'step.json'), `${JSON.stringify({ keeper })}\n`);
}

/** The keeper that a step recorded; undefined when it was killed before it could, or in mid-write. */
export async function readKeeperRecord(path: string): Promise<ProcessIdentity | undefined> {
  let record: unknown;
  try {
    record = JSON.parse(await readFile(join(path, 'step.json'), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (typeof record !== 'object' || record === null || !('keeper' in record)) return undefined;
  const { keeper } = record as { keeper: Partial<ProcessIdentity> | null };
  if (typeof keeper?.pid !== 'number' || typeof keeper.startTicks !== 'number') return undefined;
  return { pid: keeper.pid, startTicks: keeper.startTicks };
}

async function makeDirectories(workRoot: string, path: string): Promise<void> {
  try {
    await mkdir(workRoot, { recursive: true });
    await mkdir(path, { mode: 0o700 });
    for (const name of ['parent', 'scratch', 'rootfs', 'runtime']) await mkdir(join(path, name));
  } catch (error) {
    const code = systemErrorCode(error);
    await rm(path, { recursive: true, force: true });
    if (code === undefined) throw error;
    throw new AshlarError(
      code === 'ENOSPC' ? 'disk_full' : 'home_unusable',
      `cannot make a step directory below ${workRoot}: ${code}`,
      { data: { path: workRoot }, cause: error },
    );
  }
}
