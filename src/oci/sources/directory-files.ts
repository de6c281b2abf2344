import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { readSection } from '../archive/read-section.ts';
import type { SourceFiles } from './source-files.ts';

/**
 * The regular files below a directory. Symbolic links, of files and of the directories between, are not
 * followed, and devices, sockets and pipes are not opened for reading: all of them count as missing.
 */
export function directoryFiles(root: string): SourceFiles {
  return {
    async find(path) {
      if (!(await hasPlainParents(root, path))) return null;
      const full = join(root, path);
      const sizeBytes = await sizeOfRegular(full);
      if (sizeBytes === null) return null;
      return {
        sizeBytes,
        async *read(signal) {
          await using handle = await openRegular(full);
          if (handle === null) throw vanished(full);
          yield* readSection(handle, { offsetBytes: 0, sizeBytes, signal });
        },
      };
    },
  };
}

async function hasPlainParents(root: string, path: string): Promise<boolean> {
  let parent = root;
  for (const part of path.split('/').slice(0, -1)) {
    parent = join(parent, part);
    try {
      if (!(await lstat(parent)).isDirectory()) return false;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
  return true;
}

async function sizeOfRegular(path: string): Promise<number | null> {
  await using handle = await openRegular(path);
  return handle === null ? null : (await handle.stat()).size;
}

async function openRegular(path: string): Promise<FileHandle | null> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}

/** ELOOP: a symbolic link; ENXIO: a socket. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemErrorCode(error) ?? '');
}

function vanished(path: string): AshlarError {
  return new AshlarError('source_corrupt', `${path} vanished while it was in use`);
}
