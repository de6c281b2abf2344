import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecked } from '../../src/process/run-command.ts';

/** Mounts a disk file while `use` runs. */
export async function mounted<T>(
  disk: string,
  mode: 'ro' | 'rw',
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-mount-'));
  await runChecked('mount', ['-t', 'ext4', '-o', `loop,${mode}`, disk, directory]);
  try {
    return await use(directory);
  } finally {
    await runChecked('umount', [directory]);
    await rmdir(directory);
  }
}
