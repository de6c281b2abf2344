import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import {
  AshlarError,
  type BytePath,
  fromBytes,
  systemErrorCode,
  toBytes,
  toDisplay,
} from '../../src/index.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { imageFilesFrom } from './image-files-from.ts';

/**
 * The files of a tree on disk, as if its directory were the root: no link leads out of it, and nothing that takes a file's place while it is
 * looked at does. Owners and modes are those on disk.
 */
export function directoryFiles(root: string): ImageFiles {
  const place = (path: BytePath): Buffer => Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]);
  return imageFilesFrom({
    lookup: async (path) => {
      const stats = await lstat(place(path)).catch(nothingThere);
      if (stats === null) return null;
      const target = stats.isSymbolicLink()
        ? fromBytes(await readlink(place(path), 'buffer'))
        : null;
      return { ...factsOf(stats), path, target };
    },
    list: async (directory) =>
      (await readdir(place(directory), { encoding: 'buffer' })).map(fromBytes),
    read: async (file) => {
      await using handle = await openWithin(root, place(file.path));
      const bytes = Buffer.alloc(file.sizeBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, bytesRead);
    },
  });
}

async function openWithin(root: string, path: Buffer): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const [real, realRoot] = await Promise.all([
    realpath(`/proc/self/fd/${handle.fd}`),
    realpath(root),
  ]);
  if (realRoot === '/' || real.startsWith(`${realRoot}/`)) return handle;
  await handle.close();
  throw new AshlarError(
    'base_file_unusable',
    `/${toDisplay(fromBytes(path))} was moved out of ${root} while it was read`,
  );
}

function factsOf(stats: Stats): Omit<ImageFile, 'path' | 'target'> {
  const type = typeOf(stats);
  const { uid, gid, size } = stats;
  return { type, mode: stats.mode & 0o7777, uid, gid, sizeBytes: type === 'file' ? size : 0 };
}

function typeOf(stats: Stats): ImageFile['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : 'socket';
}

function nothingThere(error: unknown): null {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
  throw error;
}
