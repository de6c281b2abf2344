import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import {
  AshlarError,
  type BytePath,
  fromBytes,
  systemErrorCode,
  toBytes,
  toDisplay,
} from '../../src/index.ts';
import { compareBytes, type FileStat, type SourceEntry, type SourceTree } from './source-tree.ts';

const readBytes = 1024 * 1024;
/** What a piece of a hole is given as; nobody may write to what a file gives. */
const zeros = Buffer.alloc(readBytes);

/**
 * A directory of this machine as a build context. Owners are root, as Docker has it for files of a context; names are
 * taken as bytes. Sockets, pipes and devices are shown as such and never opened.
 *
 * Throws `invalid_request` when `directory` is none, for files that cannot be read, and when a file changes while it
 * is read.
 */
export async function openContextDirectory(directory: string): Promise<SourceTree> {
  const root = await rootOf(directory);
  const absolute = (path: BytePath): Buffer => toBytes(path === '' ? root : `${root}/${path}`);
  return {
    name: 'the build context',
    async lstat(path) {
      const name = absolute(path);
      const stats = await orNull(path, () => lstat(name, { bigint: true }));
      if (stats === null) return null;
      if (!stats.isSymbolicLink()) return entryOf(fromBytes(name), stats);
      const target = await orNull(path, () => readlink(name, { encoding: 'buffer' }));
      return target === null
        ? null
        : { ...entryOf(fromBytes(name), stats), target: fromBytes(target) };
    },
    async readdir(path) {
      const names = await orNull(path, () => readdir(absolute(path), { encoding: 'buffer' }));
      return (names ?? []).map(fromBytes).sort(compareBytes);
    },
    readFile: (path, signal) => readWhole(absolute(path), path, signal),
  };
}

async function rootOf(directory: string): Promise<BytePath> {
  const problem = (what: string, cause?: unknown): AshlarError =>
    new AshlarError('invalid_request', `the build context ${directory} ${what}`, {
      data: { path: directory },
      cause,
      hint: 'Name a directory that holds the files to copy.',
    });
  try {
    const root = await realpath(directory, { encoding: 'buffer' });
    if (!(await lstat(root)).isDirectory()) throw problem('is not a directory');
    const path = fromBytes(root);
    return path === '/' ? '' : path;
  } catch (error) {
    if (systemErrorCode(error) === undefined || error instanceof AshlarError) throw error;
    throw problem(`cannot be opened (${systemErrorCode(error)})`, error);
  }
}

async function orNull<Result>(path: BytePath, call: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
    throw unreadable(path, error);
  }
}

function unreadable(path: BytePath, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined || error instanceof AshlarError) return error;
  return new AshlarError(
    'invalid_request',
    `cannot read ${toDisplay(path)} of the build context (${code})`,
    {
      data: { path: toDisplay(path), code },
      cause: error,
      hint: 'Make it readable, or leave it out with .dockerignore.',
    },
  );
}

function entryOf(path: BytePath, stats: BigIntStats): SourceEntry {
  const kind = kindOf(stats);
  const mode = Number(stats.mode & 0o7777n);
  const common = { kind, mode, uid: 0, gid: 0, mtime: timeOf(stats.mtimeNs) } as const;
  if (kind === 'file') {
    const linked = stats.nlink > 1n ? { identity: `${stats.dev}:${stats.ino}` } : {};
    return { ...common, ...linked, sizeBytes: Number(stats.size), stat: statOf(path, stats) };
  }
  if (kind !== 'char' && kind !== 'block') return { ...common, sizeBytes: 0 };
  return { ...common, sizeBytes: 0, device: deviceOf(stats.rdev) };
}

function timeOf(ns: bigint): SourceEntry['mtime'] {
  const sec = ns / 1_000_000_000n - (ns % 1_000_000_000n < 0n ? 1n : 0n);
  return { sec: Number(sec), nsec: Number(ns - sec * 1_000_000_000n) };
}

function kindOf(stats: BigIntStats): SourceEntry['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : 'socket';
}

/** Linux's 64-bit dev_t, as glibc's major() and minor() take it apart. */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return { major: Number(major), minor: Number(minor & 0xffffffffn) };
}

function statOf(path: BytePath, stats: BigIntStats): FileStat {
  return {
    path,
    sizeBytes: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
  };
}

/**
 * The bytes of a file in pieces. Node cannot ask where the holes of a sparse file are, so they are read; but pieces of
 * zeros share one buffer, which makes a hole more than twice as fast as fresh memory for each would.
 */
async function* readWhole(
  file: Buffer,
  path: BytePath,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  await using handle = await openFile(file, path);
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) throw changed(path, 'is no file any more');
  // A byte more than the file has, so that one read tells its end.
  const pieceBytes = Math.min(Number(before.size) + 1, readBytes);
  let piece = Buffer.allocUnsafe(pieceBytes);
  let total = 0n;
  for (let ended = false; !ended;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(piece, 0, pieceBytes);
    total += BigInt(bytesRead);
    ended = bytesRead === 0 || (bytesRead < pieceBytes && total === before.size);
    if (total > before.size) throw changed(path, 'changed while it was read');
    if (bytesRead === 0) continue;
    if (piece.compare(zeros, 0, bytesRead, 0, bytesRead) === 0) yield zeros.subarray(0, bytesRead);
    else {
      yield piece.subarray(0, bytesRead);
      if (!ended) piece = Buffer.allocUnsafe(pieceBytes);
    }
  }
  const after = await handle.stat({ bigint: true });
  const same =
    total === after.size &&
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs;
  if (!same) throw changed(path, 'changed while it was read');
}

/** Neither a link in the last place nor a pipe without a writer is waited for or followed. */
async function openFile(file: Buffer, path: BytePath): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    // Paths may be bytes that are no UTF-8.
    return await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
      throw changed(path, 'is not there any more');
    }
    throw unreadable(path, error);
  }
}

function changed(path: BytePath, what: string): AshlarError {
  return new AshlarError('invalid_request', `${toDisplay(path)} of the build context ${what}`, {
    data: { path: toDisplay(path) },
    hint: 'Build again when nothing writes to the build context, or leave the file out with .dockerignore.',
  });
}
