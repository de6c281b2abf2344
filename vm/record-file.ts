import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AshlarError, systemErrorCode } from '../src/index.ts';

/** Far more than any record has. */
const maxBytes = 1024 * 1024;

/**
 * The text of a small file that this machine keeps below ASHLAR_HOME, null where there is none. A pipe is not waited
 * for: what stands in the file's place without being one, and a file of more than 1 MiB, is `home_unusable`.
 */
export async function readRecordFile(path: string): Promise<string | null> {
  await using file = await openIfThere(path);
  if (file === null) return null;
  const stats = await file.stat();
  if (!stats.isFile()) throw inTheWay(path, 'is not a regular file');
  if (stats.size > maxBytes) throw inTheWay(path, `has more than ${maxBytes} bytes`);
  return file.readFile('utf8');
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    // What opening a socket, or a link to itself, ends with.
    if (code === 'ENXIO' || code === 'ELOOP') throw inTheWay(path, 'is not a regular file', error);
    throw error;
  }
}

function inTheWay(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('home_unusable', `${path} ${what}`, {
    data: { path },
    cause,
    hint: 'Remove it: Ashlar keeps a record there, and makes it anew.',
  });
}
