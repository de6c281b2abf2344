import { readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the cache of a home one whose index was lost and whose files were used hours ago. No mirror may run on it. */
export async function ageCache(home: string): Promise<void> {
  for (const name of await readdir(join(home, 'mirror'))) {
    if (name.startsWith('usage-')) await rm(join(home, 'mirror', name));
  }
  const hoursAgo = new Date(Date.now() - 5 * 3600_000);
  for (const file of await filesBelow(join(home, 'mirror/cache'))) {
    await utimes(file, hoursAgo, hoursAgo);
  }
}

/** Paths of all files below a directory, in order. */
export async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
