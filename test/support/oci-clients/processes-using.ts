import { readdir, readFile } from 'node:fs/promises';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';

/** Ids of the processes, zombies left out, that see a mount from below a directory. */
export async function processesUsing(directory: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const uses = await Promise.all(ids.map(async (id) => (await mountsOf(id)).includes(directory)));
  return ids.filter((_, at) => uses[at]);
}

async function mountsOf(id: string): Promise<string> {
  try {
    return await readFile(`/proc/${id}/mountinfo`, 'utf8');
  } catch (error) {
    // It has ended since, or has nothing any more but its exit code.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(systemErrorCode(error) ?? '')) return '';
    throw error;
  }
}
