import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * Where a path of a root file system lies on this machine. Links are followed as they would be by a process within the
 * root, so nothing leads out of it. What does not exist is taken as it is written. Throws `config_invalid` for links that
 * go in circles.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const pending = partsOf(path);
  let resolved: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const target = await linkTarget(join(root, ...resolved, part));
    if (target === null) {
      resolved.push(part);
      continue;
    }
    links += 1;
    if (links > maxLinks) {
      throw new AshlarError('config_invalid', `too many links at ${path} in ${root}`, {
        data: { path },
        hint: 'Remove the links that go in circles.',
      });
    }
    if (target.startsWith('/')) resolved = [];
    pending.unshift(...partsOf(target));
  }
  return join(root, ...resolved);
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}
