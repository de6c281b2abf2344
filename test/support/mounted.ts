import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecked, runCommand } from '../../src/process/run-command.ts';

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

/** What e2fsck says of a disk that it may not change; an empty string when it has nothing to say against it. */
export async function fsckComplaints(disk: string): Promise<string> {
  const result = await runCommand('e2fsck', ['-fn', disk]);
  return result.exitCode === 0 ? '' : `${result.stdout.toString()}${result.stderr.toString()}`;
}
