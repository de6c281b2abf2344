import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AshlarError } from '../../src/index.ts';
import type { StepNamespace } from './step-namespace.ts';
import { scratchDirectories } from './step-mounts.ts';
import { toolEnvironment } from './tool-environment.ts';

/** Below this, what the step wrote may not have reached the scratch file. */
export const hostFloorBytes = 16 * 1024 * 1024;

/**
 * The upper directory as a tar stream of GNU tar: pax headers (POSIX.1-2001), numeric owners, names sorted,
 * sparse files as such, all extended attributes (access lists among them, in their raw form). Overlay's marks stay for
 * the caller to interpret: a removed name is a character device 0:0, a replaced directory has
 * trusted.overlay.opaque=y (kernel documentation, filesystems/overlayfs.rst). Marks that only serve overlay itself
 * and differ from run to run are left out. The stream fails before its end when tar does.
 */
export function openDiffStream(namespace: StepNamespace, directory: string): Readable {
  return Readable.from(tarChunks(namespace, directory), { objectMode: false });
}

async function* tarChunks(namespace: StepNamespace, directory: string): AsyncGenerator<Buffer> {
  const [file, args] = namespace.enter(['tar', ...tarArguments]);
  const child = spawn(file, args, { env: toolEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close') as Promise<[number | null]>;
  // Judged below, unless the reader leaves early.
  closed.catch(() => {});
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (words.length < 10_000) words += chunk.toString('utf8');
  });
  for await (const chunk of child.stdout) yield chunk as Buffer;
  const [exitCode] = await closed;
  if (exitCode !== 0) {
    throw new AshlarError('internal', `reading the step's difference failed: ${words.trim()}`, {
      data: { tool: 'tar', stderr: words.trim() },
    });
  }
  await requireHostRoom(directory);
}

/** Pages that could not be written to the scratch file for lack of room on the host may have been read back as zeros. */
export async function requireHostRoom(directory: string): Promise<void> {
  const host = await statfs(directory);
  const freeBytes = host.bavail * host.bsize;
  if (freeBytes >= hostFloorBytes) return;
  throw new AshlarError('disk_full', `no room is left on the file system of ${directory}`, {
    data: { path: directory, freeBytes },
  });
}

// prettier-ignore
const tarArguments = [
  '--create', '--file=-', `--directory=${join(scratchDirectories.upper)}`,
  '--format=posix', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  '--xattrs', '--xattrs-include=*',
  ...['impure', 'nlink', 'origin', 'upper', 'uuid'].map((mark) => `--xattrs-exclude=trusted.overlay.${mark}`),
  '--no-acls', '--no-selinux', '--sparse', '--numeric-owner', '--sort=name', '.',
];
