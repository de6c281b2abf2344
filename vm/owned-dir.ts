import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir, systemErrorCode, type TempDir } from '../src/index.ts';

const namePattern = /^vm-(\d+)-(\d+)-(\d+)-/;
/** After this time, a directory whose owner cannot be looked up (another container's) is taken for left behind. */
const foreignLifeMs = 24 * 60 * 60 * 1000;

/**
 * Makes a temporary directory below `parent` whose name tells which process owns it, after removing those
 * that dead processes left there. The owner is told by PID namespace, PID and start time.
 */
export async function createOwnedDir(parent: string): Promise<TempDir> {
  await sweepOwnedDirs(parent);
  const namespace = await ownNamespace();
  const startTime = await processStartTime(process.pid);
  return createTempDir(parent, `vm-${namespace}-${process.pid}-${startTime ?? 0}`);
}

/** Removes the directories below `parent` whose owner has ended. A missing `parent` is fine. */
export async function sweepOwnedDirs(parent: string, nowMs: number = Date.now()): Promise<void> {
  const namespace = await ownNamespace();
  for (const name of await namesIn(parent)) {
    const match = namePattern.exec(name);
    if (match === null) continue;
    const path = join(parent, name);
    const isLeft =
      match[1] === namespace
        ? String(await processStartTime(Number(match[2]))) !== match[3]
        : nowMs - (await modifiedMs(path)) > foreignLifeMs;
    if (isLeft) await rm(path, { recursive: true, force: true });
  }
}

async function ownNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid');
  return /\d+/.exec(link)?.[0] ?? '0';
}

/** In clock ticks since boot: proc(5), /proc/PID/stat, field 22. Undefined when there is no such process. */
async function processStartTime(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    const fromState = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fromState[19]);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Infinity when another sweep has removed it, so that nothing is done. */
async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Infinity;
    throw error;
  }
}
