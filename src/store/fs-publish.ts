import { type link, lstat, rename } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { claimKey } from './fs-claim.ts';
import { notAFileAt } from './fs-errors.ts';
import { createFolders } from './fs-folders.ts';
import { withRegularFile } from './fs-read.ts';
import type { FsSync } from './fs-sync.ts';
import type { FileContent, Temporaries } from './fs-temporaries.ts';
import type { LocalFile } from './local-file.ts';

export interface FsPublisherOptions {
  readonly root: string;
  readonly temporaries: Temporaries;
  readonly sync: FsSync;
  readonly nowMs: () => number;
  /** link(2), or what a file system without it answers. */
  readonly link: typeof link;
}

/** Puts files at their paths below a root: whole, and as durable as `sync` makes them, folders too. */
export interface FsPublisher {
  publishIfAbsent(path: string, content: FileContent): Promise<'created' | 'exists'>;
  /**
   * Makes `path` another name of a file that nobody writes to any more. `impossible`, with nothing changed below the
   * root, where it lies on another file system, has several names already, or cannot be linked.
   */
  linkIfAbsent(path: string, file: LocalFile): Promise<'created' | 'exists' | 'impossible'>;
  publish(path: string, bytes: Uint8Array): Promise<void>;
}

/** EPERM and its like are what link(2) answers on file systems without hard links. */
const linkUnsupported: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

export function createFsPublisher(options: FsPublisherOptions): FsPublisher {
  const { root, temporaries, sync } = options;
  const folders = createFolders(root, sync);

  /** A folder known from before may have been removed by hand; it is then made again, once. */
  async function inFolder<T>(path: string, publish: () => Promise<T>): Promise<T> {
    const folder = dirname(path);
    await folders.ensure(folder);
    try {
      return await publish();
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      folders.forget();
      await folders.ensure(folder);
      return await publish();
    }
  }

  async function tryLink(from: string, to: string): Promise<'created' | 'exists' | 'impossible'> {
    try {
      await options.link(from, to);
      return 'created';
    } catch (error) {
      const code = systemErrorCode(error) ?? '';
      if (code === 'EEXIST') return (await isLinkedTwice(from)) ? 'created' : presentAt(to);
      if (linkUnsupported.includes(code)) return 'impossible';
      throw error;
    }
  }

  async function moveIfAbsent(from: string, to: string): Promise<'created' | 'exists'> {
    const outcome = await tryLink(from, to);
    return outcome === 'impossible' ? renameIfAbsent(from, to) : outcome;
  }

  async function renameIfAbsent(from: string, to: string): Promise<'created' | 'exists'> {
    await using _ = await claimKey(relative(root, to), {
      directory: temporaries.directory,
      nowMs: options.nowMs,
    });
    if (await isPresent(to)) return 'exists';
    await rename(from, to);
    return 'created';
  }

  /** Gives the file the mode and time of one made here; false where it belongs to another user. */
  async function takeOver({ handle }: LocalFile): Promise<boolean> {
    const now = new Date(options.nowMs());
    try {
      await handle.chmod(await temporaries.fileMode());
      await handle.utimes(now, now);
    } catch (error) {
      if (!['EPERM', 'EACCES', 'EROFS'].includes(systemErrorCode(error) ?? '')) throw error;
      return false;
    }
    await sync.file(handle);
    return true;
  }

  return {
    async linkIfAbsent(path, file) {
      const { dev } = await lstat(root);
      if (file.links !== 1 || file.device !== dev) return 'impossible';
      let outcome: 'created' | 'exists' | 'impossible' = 'exists';
      if (!(await isPresent(path))) {
        if (!(await takeOver(file))) return 'impossible';
        outcome = await inFolder(path, () => tryLink(file.path, path));
      }
      if (outcome !== 'impossible') await sync.folder(dirname(path));
      return outcome;
    },
    async publishIfAbsent(path, content) {
      let outcome: 'created' | 'exists' = 'exists';
      if (!(await isPresent(path))) {
        await using temporary = await temporaries.create(content);
        outcome = await inFolder(path, () => moveIfAbsent(temporary.path, path));
      }
      // Whoever made the object may not have come to this yet, and `exists` promises as much as `created`.
      await sync.folder(dirname(path));
      return outcome;
    },
    async publish(path, bytes) {
      // Refuses a folder or a link in the object's place, which a rename would replace.
      await isPresent(path);
      await using temporary = await temporaries.create(bytes);
      await inFolder(path, () => rename(temporary.path, path));
      await sync.folder(dirname(path));
    },
  };
}

/** NFS: a link whose answer was lost is tried again and then finds its own work. */
async function isLinkedTwice(from: string): Promise<boolean> {
  const { nlink } = await lstat(from);
  return nlink === 2;
}

async function presentAt(path: string): Promise<'exists'> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw notAFileAt(path);
  return 'exists';
}

async function isPresent(path: string): Promise<boolean> {
  try {
    return await withRegularFile(path, async () => true);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
