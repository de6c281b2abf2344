import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AshlarError, systemErrorCode } from '../../src/index.ts';

/** A lockfile on disk, as it was when it was read. */
export interface LockfileFile {
  readonly path: string;
  readonly text: string;
  /** Tells two names of one file. */
  readonly identity: string;
  readonly stats: BigIntStats;
}

/** Ten times the largest that are known. */
const maxLockfileBytes = 64 * 1024 * 1024;

/**
 * Reads a lockfile; a link is followed. Throws `lockfile_unusable` where the file is missing, no file, not readable or
 * larger than 64 MiB, and `lockfile_invalid` where it is not UTF-8.
 */
export async function readLockfileFile(path: string): Promise<LockfileFile> {
  try {
    // A pipe without a writer would be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw unusable(path, 'is no file');
    const bytes = await readCapped(file, path);
    const identity = `${stats.dev}:${stats.ino}`;
    return { path, text: decode(bytes, path), identity, stats };
  } catch (error) {
    throw named(error, path, readFailures);
  }
}

async function readCapped(file: FileHandle, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
    if (!Buffer.isBuffer(part)) throw new TypeError('a stream of bytes gave no bytes');
    sizeBytes += part.length;
    if (sizeBytes > maxLockfileBytes) {
      throw unusable(path, `has more than ${maxLockfileBytes} bytes, more than any lockfile`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The header of bun's binary form is text, and its reader says what to do.
    const header = bytes.subarray(0, 100).toString('latin1');
    if (header.includes('bun-lockfile-format') || path.endsWith('bun.lockb')) return header;
    throw new AshlarError('lockfile_invalid', `${path}: not UTF-8`, {
      data: { path },
      cause: error,
    });
  }
}

/**
 * Puts a new text in the place of a lockfile, so that a reader sees the old one or the new one, whole; mode and owner
 * stay. Throws `lockfile_unusable` where the file is a link, has changed since it was read, or cannot be replaced.
 */
export async function replaceLockfileFile(file: LockfileFile, text: string): Promise<void> {
  const { path } = file;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await requireUnchanged(file);
    await writeBeside(temporary, file, text);
    await requireUnchanged(file);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw named(error, path, writeFailures);
  }
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}

async function writeBeside(
  temporary: string,
  { path, stats }: LockfileFile,
  text: string,
): Promise<void> {
  await using handle = await open(temporary, 'wx', 0o600);
  const own = await handle.stat({ bigint: true });
  if (own.uid !== stats.uid || own.gid !== stats.gid) {
    try {
      await handle.chown(Number(stats.uid), Number(stats.gid));
    } catch (error) {
      if (systemErrorCode(error) !== 'EPERM') throw error;
      throw unusable(path, 'belongs to somebody else, whose file it would be no longer', error);
    }
  }
  await handle.chmod(Number(stats.mode) & 0o7777);
  await handle.writeFile(text);
  await handle.sync();
}

async function requireUnchanged({ path, stats }: LockfileFile): Promise<void> {
  const now = await lstat(path, { bigint: true });
  if (now.isSymbolicLink()) throw unusable(path, 'is a link: name the file that it leads to');
  const isSame =
    now.ino === stats.ino &&
    now.dev === stats.dev &&
    now.size === stats.size &&
    now.mtimeNs === stats.mtimeNs;
  if (!isSame) throw unusable(path, 'has changed since it was read; it was left alone');
}

const readFailures: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read by this user',
  EPERM: 'cannot be read by this user',
  EISDIR: 'is a directory',
  ELOOP: 'is a link that leads nowhere',
  ENXIO: 'is no file',
  ENAMETOOLONG: 'does not exist: its name is too long',
};

const writeFailures: Readonly<Record<string, string>> = {
  ENOENT: 'is gone since it was read',
  EACCES: 'lies in a directory that this user cannot write',
  EPERM: 'lies in a directory that this user cannot write',
  EROFS: 'lies on a file system that is read-only',
};

function named(error: unknown, path: string, failures: Readonly<Record<string, string>>): unknown {
  const what = failures[systemErrorCode(error) ?? ''];
  return what === undefined ? error : unusable(path, what, error);
}

function unusable(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('lockfile_unusable', `${path} ${what}`, { data: { path }, cause });
}
