import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';
import { isRoot } from '../../support/scratch.ts';

export function testDir(): Promise<TempDir> {
  return createTempDir(tmpdir(), 'ashlar-tar');
}

/** What a program says of its version, or undefined when it is not installed. */
export async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await runCommand(program, ['--version'], { timeoutMs: 20_000 });
    return stdout.toString('utf8');
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'tool_missing') return undefined;
    throw error;
  }
}

export const hasGnuTar = (await versionOf('tar'))?.includes('GNU tar') ?? false;
export const hasBsdtar = (await versionOf('bsdtar')) !== undefined;
export const hasGetfattr = (await versionOf('getfattr')) !== undefined;
export const hasPython = (await versionOf('python3')) !== undefined;

/**
 * True when the file system of the temporary directory takes attributes in the namespace `user`, for root in
 * `trusted`: root in a container may lack that.
 */
export async function takesXattrs(): Promise<boolean> {
  if ((await versionOf('setfattr')) === undefined) return false;
  await using dir = await testDir();
  const path = join(dir.path, 'probe');
  await writeFile(path, '');
  const name = isRoot ? 'trusted.probe' : 'user.probe';
  const { exitCode } = await runCommand('setfattr', ['-n', name, '-v', '1', path]);
  return exitCode === 0;
}

/** Root in a container may lack this too. */
export async function canMakeDevices(): Promise<boolean> {
  await using dir = await testDir();
  const { exitCode } = await runCommand('mknod', [join(dir.path, 'null'), 'c', '1', '3']);
  return exitCode === 0;
}

/** Unpacks all that GNU tar knows of an archive. */
export async function unpackWithGnuTar(archive: string, directory: string): Promise<void> {
  const owners = ['--numeric-owner', '--same-owner', '-p'];
  const attributes = ['--xattrs', '--xattrs-include=*'];
  // Without it a directory that gets a file after its siblings ends with the time of that.
  const times = ['--delay-directory-restore'];
  await runChecked('tar', ['-xf', archive, '-C', directory, ...owners, ...attributes, ...times], {
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    timeoutMs: 60_000,
  });
}
