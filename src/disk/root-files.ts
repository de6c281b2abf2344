import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import { resolveInside } from './resolve-inside.ts';

/** A text file as it is. */
export interface RootFile {
  readonly text: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The files of a root file system, that of this machine or one below a directory; no link leads out of it. */
export interface RootFiles {
  /** `/` for this machine. */
  readonly root: string;
  /** Null where there is none. Throws `UnreadableFile` for what is no text file of a sane size. */
  read(path: string, maxBytes?: number): Promise<RootFile | null>;
  exists(path: string): Promise<boolean>;
  /** The same for the name itself, which may be a link to nothing. */
  existsAsName(path: string): Promise<boolean>;
  /** Who owns a file or directory; null where there is none. */
  owner(path: string): Promise<number | null>;
  /** The names in a directory in order, none where it is missing. */
  list(path: string): Promise<readonly string[]>;
  /** The target of a link, null for anything else. */
  linkTarget(path: string): Promise<string | null>;
  /** Puts a file there, whole; one that was there keeps its owner and mode. Gives the directories it made. */
  write(path: string, text: string): Promise<readonly string[]>;
  link(path: string, target: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  /** Removes a directory when it is empty. */
  removeEmpty(path: string): Promise<void>;
}

/** A file that is left alone. */
export class UnreadableFile extends AshlarError {
  /** Why, to be put behind its name. */
  readonly words: string;

  constructor(path: string, words: string, cause?: unknown) {
    super('config_invalid', `${path} ${words}`, {
      data: { path },
      hint: 'Put the file right, or take it away.',
      cause,
    });
    this.words = words;
  }
}

const defaultMaxBytes = 1024 * 1024;
const safely = constants.O_RDONLY | constants.O_NONBLOCK;

export function createRootFiles(root: string): RootFiles {
  const at = (path: string): Promise<string> => resolveInside(root, path);
  /** The name itself, not what it links to. */
  const atName = async (path: string): Promise<string> =>
    join(await at(dirname(path)), path.slice(path.lastIndexOf('/') + 1));

  return {
    root,
    async read(path, maxBytes = defaultMaxBytes) {
      return readText(await at(path), maxBytes);
    },
    async exists(path) {
      return (await statOf(await at(path))) !== null;
    },
    async existsAsName(path) {
      return (await statOf(await atName(path))) !== null;
    },
    async owner(path) {
      return (await statOf(await at(path)))?.uid ?? null;
    },
    async list(path) {
      try {
        return (await readdir(await at(path))).sort();
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    async linkTarget(path) {
      const name = await atName(path);
      return (await statOf(name))?.isSymbolicLink() === true ? readlink(name) : null;
    },
    async write(path, text) {
      const place = await at(path);
      return withPrivilege(place, async () => {
        const made = await makeDirectories(place, root);
        await replaceFile(place, text);
        return made;
      });
    },
    async link(path, target) {
      const place = await atName(path);
      return withPrivilege(place, async () => {
        const made = await makeDirectories(place, root);
        await rm(place, { force: true });
        await symlink(target, place);
        return made;
      });
    },
    async remove(path) {
      const place = await atName(path);
      await withPrivilege(place, () => rm(place, { force: true }));
    },
    async removeEmpty(path) {
      try {
        await rmdir(await at(path));
      } catch (error) {
        if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EBUSY'].includes(systemErrorCode(error) ?? ''))
          throw error;
      }
    },
  };
}

async function readText(place: string, maxBytes: number): Promise<RootFile | null> {
  try {
    await using file = await open(place, safely);
    const stats = await file.stat();
    if (!stats.isFile()) throw new UnreadableFile(place, 'is not a regular file');
    if (stats.size > maxBytes) throw new UnreadableFile(place, `has more than ${maxBytes} bytes`);
    const bytes = await file.readFile();
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes))
      throw new UnreadableFile(place, 'is not text in UTF-8');
    return { text, uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777 };
  } catch (error) {
    if (isMissing(error)) return null;
    const code = systemErrorCode(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENXIO')
      throw new UnreadableFile(place, `cannot be read (${code})`, error);
    throw error;
  }
}

async function statOf(place: string): Promise<Stats | null> {
  try {
    return await lstat(place);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
}

/** Gives those that were missing, the innermost first, as they are seen inside the root. */
async function makeDirectories(place: string, root: string): Promise<readonly string[]> {
  const missing: string[] = [];
  let directory = dirname(place);
  while ((await statOf(directory)) === null) {
    missing.push(directory);
    directory = dirname(directory);
  }
  await mkdir(dirname(place), { recursive: true });
  // Everybody has to get at what is put there, whatever the caller's umask is.
  for (const path of missing) await chmod(path, 0o755);
  return missing.map((path) => (root === '/' ? path : path.slice(root.length)));
}

/** Written beside it and renamed, so that a program that reads it meanwhile sees the old or the new one. */
async function replaceFile(place: string, text: string): Promise<void> {
  const before = await statOf(place);
  const temporary = `${place}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(text);
      if (before !== null) await file.chown(before.uid, before.gid);
      await file.chmod(before === null ? 0o644 : before.mode & 0o7777);
      await file.sync();
    }
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function withPrivilege<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(systemErrorCode(error) ?? '')) throw error;
    throw new AshlarError('privilege_missing', `${place} cannot be changed by this user`, {
      data: { path: place },
      hint: 'Run as root; `ashlar trust` takes an authority of another user with --ca FILE.',
      cause: error,
    });
  }
}
