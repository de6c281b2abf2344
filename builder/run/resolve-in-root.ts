import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { followLinksSlowly, systemErrorCode } from '../../src/index.ts';

interface Place {
  readonly path: string;
  readonly stats: Stats;
  /** Of a symbolic link. */
  readonly target?: string;
}

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
 * resolved by its letters. Gives undefined where a process would get ENOTDIR or ELOOP, and for a way of over 4096 names.
 */
export async function resolveInRoot(
  root: string,
  guestPath: string,
): Promise<ResolvedPath | undefined> {
  const way = await followLinksSlowly<Place>(
    {
      path: guestPath,
      root: { path: root, stats: await lstat(root) },
      targetOf: ({ target }) => target,
      leadsOn: (place) => place === undefined || place.stats.isDirectory(),
    },
    (parent, name) => placeAt(join(parent.path, name)),
  );
  if (way.isDeadEnd) return undefined;
  const { names, existing, node } = way;
  return { names, existing, stats: node?.stats };
}

async function placeAt(path: string): Promise<Place | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isSymbolicLink() ? { path, stats, target: await readlink(path) } : { path, stats };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
