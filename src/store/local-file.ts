import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AshlarError } from '../errors/ashlar-error.ts';
import { readUpTo } from './fs-read.ts';
import type { ByteRange } from './object-errors.ts';

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const pieceBytes = 256 * 1024;

/** A regular file of this machine that is to become an object. */
export interface LocalFile extends AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** The file system on which it is. */
  readonly device: number;
  /** How many names the file has. */
  readonly links: number;
}

/**
 * Failures of the file, here and in `readPieces`, are `internal`, so that they are not taken for failures of the store to
 * which it goes.
 */
export async function openLocalFile(path: string): Promise<LocalFile> {
  const handle = await readingFrom(path, () => open(path, openFlags));
  try {
    const stat = await readingFrom(path, () => handle.stat());
    if (!stat.isFile()) throw unreadable(path, 'it is no regular file');
    return {
      path,
      handle,
      sizeBytes: stat.size,
      device: stat.dev,
      links: stat.nlink,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The bytes of a range, all of the file by default; throws when the file no longer has them, or has more than it had. */
export async function* readPieces(
  file: LocalFile,
  options: { readonly range?: ByteRange; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  const { offset, lengthBytes } = options.range ?? { offset: 0, lengthBytes: file.sizeBytes };
  const end = offset + lengthBytes;
  for (let at = offset; at < end;) {
    options.signal?.throwIfAborted();
    const piece = await readingFrom(file.path, () =>
      readUpTo(file.handle, at, Math.min(pieceBytes, end - at)),
    );
    if (piece.length === 0) break;
    at += piece.length;
    yield piece;
  }
  const { size } = await readingFrom(file.path, () => file.handle.stat());
  if (size !== file.sizeBytes) {
    throw unreadable(file.path, `it changed from ${file.sizeBytes} to ${size} bytes meanwhile`);
  }
}

async function readingFrom<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): AshlarError {
  return new AshlarError('internal', `cannot store the file ${path}: ${why}`, {
    data: { path },
    cause,
  });
}
