import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { notAFileAt } from './fs-errors.ts';

/** Never follows a link, and never waits for the writer of a named pipe. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** On NFS a file that another host replaces or deletes between open and read answers ESTALE. */
const attempts = 3;

export interface OpenFile {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Tells the file apart from others, and from itself once it was written to. */
  readonly version: string;
}

/**
 * Opens the file at `path` and gives it to `use`, once more where it turns stale meanwhile. Opening, unlike stat,
 * asks the server of a network file system whether the file is still there. ENOENT passes to the caller.
 */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  return unlessStale(async () => {
    await using file = await open(path, readFlags);
    return await use(file);
  });
}

/** As `withFile`, with the file's size and time; `object_not_a_file` where it is no regular file. */
export async function withRegularFile<T>(
  path: string,
  use: (open: OpenFile) => Promise<T>,
): Promise<T> {
  return withFile(path, async (file) => use(await describe(path, file)));
}

/** As `withRegularFile`, for a caller that closes the file. */
export async function openRegularFile(path: string): Promise<OpenFile> {
  return unlessStale(async () => {
    const file = await open(path, readFlags);
    try {
      return await describe(path, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

/** Reads up to `lengthBytes` from `offset`; fewer only where the file ends. */
export async function readUpTo(
  file: FileHandle,
  offset: number,
  lengthBytes: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  let heldBytes = 0;
  while (heldBytes < lengthBytes) {
    const { bytesRead } = await file.read(
      bytes,
      heldBytes,
      lengthBytes - heldBytes,
      offset + heldBytes,
    );
    if (bytesRead === 0) break;
    heldBytes += bytesRead;
  }
  return bytes.subarray(0, heldBytes);
}

async function describe(path: string, file: FileHandle): Promise<OpenFile> {
  const stat = await file.stat();
  if (!stat.isFile()) throw notAFileAt(path);
  const { dev, ino, size: sizeBytes, mtimeMs, ctimeMs } = stat;
  const version = `${dev}:${ino}:${sizeBytes}:${mtimeMs}:${ctimeMs}`;
  return { file, sizeBytes, modifiedMs: Math.trunc(mtimeMs), version };
}

async function unlessStale<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (systemErrorCode(error) !== 'ESTALE' || attempt === attempts) throw error;
    }
  }
}
