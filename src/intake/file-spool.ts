import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { ContentSpool } from '../tree/inode.ts';

/** Keeps small contents on disk until they are packed into bins, so that memory stays flat. */
export interface FileSpool extends ContentSpool, Disposable {
  /** Appends bytes and gives their offset. Throws `disk_full`. */
  append(bytes: Buffer): number;
}

const bufferBytes = 1024 * 1024;

/**
 * Makes a spool in a directory, which is made where missing. Its file has no name, so that nothing is left behind however
 * the process ends. Throws `home_unusable` and `disk_full`.
 */
export function createFileSpool(directory: string): FileSpool {
  const file = openNameless(directory);
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let writtenBytes = 0;
  let bufferedBytes = 0;
  const flush = (): void => {
    writeAll(file, buffer.subarray(0, bufferedBytes), { at: writtenBytes, directory });
    writtenBytes += bufferedBytes;
    bufferedBytes = 0;
  };
  return {
    append(bytes) {
      if (bytes.length > bufferBytes)
        throw new AshlarError('internal', `a spool takes ${bufferBytes} bytes at once`);
      if (bufferedBytes + bytes.length > bufferBytes) flush();
      const offset = writtenBytes + bufferedBytes;
      bytes.copy(buffer, bufferedBytes);
      bufferedBytes += bytes.length;
      return offset;
    },
    readInto(target, offset) {
      if (offset + target.length > writtenBytes) flush();
      for (let done = 0; done < target.length;) {
        const count = readSync(file, target, done, target.length - done, offset + done);
        if (count === 0) throw new AshlarError('internal', `the spool ends at ${offset + done}`);
        done += count;
      }
    },
    [Symbol.dispose]() {
      closeSync(file);
    },
  };
}

function openNameless(directory: string): number {
  try {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `spool-${randomBytes(6).toString('hex')}.tmp`);
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'home_unusable',
      `cannot make a temporary file in ${directory} (${code})`,
      { data: { directory }, cause: error },
    );
  }
}

function writeAll(file: number, bytes: Buffer, place: { at: number; directory: string }): void {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(file, bytes, done, bytes.length - done, place.at + done);
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new AshlarError('disk_full', `no space left for temporary files in ${place.directory}`, {
      data: { directory: place.directory },
      cause: error,
    });
  }
}
