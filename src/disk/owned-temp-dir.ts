import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { createTempDir, type TempDir } from './temp-dir.ts';

/** The name tells the owner: namespace of process ids, id, start in clock ticks since boot. */
const namePattern = /^[a-z]+(?:-[a-z]+)*-(\d+)-(\d+)-(\d+)-[A-Za-z0-9]{6}$/;

/** A file that loses its name as soon as it is made shows only when its maker was killed in between. */
const unnamedFilePattern = /^spool-[0-9a-f]+\.tmp$/;
const unnamedFileLifeMs = 60_000;

/** After this time a directory whose owner cannot be looked up, as in another container, counts as left behind. */
const foreignLifeMs = 24 * 3600_000;

/**
 * Makes a temporary directory below `parent` that does not outlive its process for long: disposing removes it, and
 * when the process was killed, the next call for the same `parent` by anybody does. `kind` is a word in its name.
 */
export async function createOwnedTempDir(parent: string, kind: string): Promise<TempDir> {
  await sweepTempDirs(parent, Date.now());
  const start = await processStart(process.pid);
  return createTempDir(parent, `${kind}-${await pidNamespace()}-${process.pid}-${start ?? 0}`);
}

/**
 * Removes what processes that have ended left below `parent`. What does not bear the name of an owner stays, and so does
 * what this user may not remove: it is no reason to do without a directory of one's own.
 */
export async function sweepTempDirs(parent: string, nowMs: number): Promise<void> {
  const namespace = await pidNamespace();
  for (const name of await namesIn(parent)) {
    const path = join(parent, name);
    if (await isLeftBehind(name, { path, namespace, nowMs })) await removeIfAllowed(path);
  }
}

/** The directories below `parent` whose owner runs now, where this process can tell: not those of other containers. */
export async function livingTempDirs(parent: string): Promise<string[]> {
  const namespace = await pidNamespace();
  const living: string[] = [];
  for (const name of await namesIn(parent)) {
    const [, own, pid, start] = namePattern.exec(name) ?? [];
    if (own === namespace && String(await processStart(Number(pid))) === start)
      living.push(join(parent, name));
  }
  return living;
}

async function isLeftBehind(
  name: string,
  place: { readonly path: string; readonly namespace: string; readonly nowMs: number },
): Promise<boolean> {
  const age = async (): Promise<number> => place.nowMs - (await modifiedMs(place.path));
  if (unnamedFilePattern.test(name)) return (await age()) > unnamedFileLifeMs;
  const [, namespace, pid, start] = namePattern.exec(name) ?? [];
  if (namespace === undefined) return false;
  if (namespace !== place.namespace) return (await age()) > foreignLifeMs;
  return String(await processStart(Number(pid))) !== start;
}

async function removeIfAllowed(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EBUSY'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}

async function pidNamespace(): Promise<string> {
  return (await readlink('/proc/self/ns/pid')).replaceAll(/\D/g, '');
}

/** proc(5), /proc/PID/stat, field 22; undefined when there is no such process. */
async function processStart(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The program's name stands in parentheses and may itself hold spaces.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return undefined;
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

/** Infinity when somebody else has removed it, so that it is not touched. */
async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Infinity;
    throw error;
  }
}
