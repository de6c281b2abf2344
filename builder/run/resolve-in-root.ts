import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../src/index.ts';

/** As Linux: MAXSYMLINKS, path_resolution(7). */
const maximumLinks = 40;

export interface ResolvedPath {
  /** The names from the root on, free of links, `.` and `..`; empty for the root itself. */
  readonly names: readonly string[];
  /** How many of `names` exist. */
  readonly existing: number;
  /** Of the last name, where all exist. */
  readonly stats: Stats | undefined;
}

/**
 * Follows `guestPath` in the tree at `root` as a process would for which `root` is `/`: absolute links start
 * there and `..` does not lead out of it. The tree must not change meanwhile. The part that does not exist is
 * resolved by its letters. Gives undefined where a process would get ENOTDIR or ELOOP.
 */
export async function resolveInRoot(
  root: string,
  guestPath: string,
): Promise<ResolvedPath | undefined> {
  const pending = split(guestPath);
  const names: string[] = [];
  let existing = 0;
  let stats: Stats | undefined = await lstat(root);
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (stats !== undefined && !stats.isDirectory()) return undefined;
    if (name === '..') {
      names.pop();
      existing = Math.min(existing, names.length);
      stats = existing === names.length ? await lstat(join(root, ...names)) : undefined;
      continue;
    }
    names.push(name);
    if (existing < names.length - 1) continue;
    stats = await statOrMissing(join(root, ...names));
    if (stats?.isSymbolicLink()) {
      if (++links > maximumLinks) return undefined;
      const target = await readlink(join(root, ...names));
      names.pop();
      if (target.startsWith('/')) {
        names.length = 0;
        existing = 0;
      }
      stats = await lstat(join(root, ...names));
      pending.unshift(...split(target));
    } else if (stats !== undefined) existing = names.length;
  }
  return { names, existing, stats };
}

async function statOrMissing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
