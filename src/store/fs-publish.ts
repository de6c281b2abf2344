import { type link, lstat, rename } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { claimKey } from './fs-claim.ts';
import { notAFileAt } from './fs-errors.ts';
import { createFolders, syncFolder } from './fs-folders.ts';
import { withRegularFile } from './fs-read.ts';
import type { Temporaries } from './fs-temporaries.ts';

export interface FsPublisherOptions {
  readonly root: string;
  readonly temporaries: Temporaries;
  readonly nowMs: () => number;
  /** link(2), or what a file system without it answers. */
  readonly link: typeof link;
}

/** Puts files at their paths below a root: whole, synced, in folders that are synced. */
export interface FsPublisher {
  publishIfAbsent(path: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  publish(path: string, bytes: Uint8Array): Promise<void>;
}

/** EPERM and its like are what link(2) answers on file systems without hard links. */
const linkUnsupported: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

export function createFsPublisher(options: FsPublisherOptions): FsPublisher {
  const { root, temporaries } = options;
  const folders = createFolders(root);

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

  async function linkIfAbsent(from: string, to: string): Promise<'created' | 'exists'> {
    try {
      await options.link(from, to);
      return 'created';
    } catch (error) {
      const code = systemErrorCode(error) ?? '';
      if (code === 'EEXIST') return (await isLinkedTwice(from)) ? 'created' : presentAt(to);
      if (linkUnsupported.includes(code)) return renameIfAbsent(from, to);
      throw error;
    }
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

  return {
    async publishIfAbsent(path, bytes) {
      let outcome: 'created' | 'exists' = 'exists';
      if (!(await isPresent(path))) {
        await using temporary = await temporaries.create(bytes);
        outcome = await inFolder(path, () => linkIfAbsent(temporary.path, path));
      }
      // Whoever made the object may not have come to this yet, and `exists` promises as much as `created`.
      await syncFolder(dirname(path));
      return outcome;
    },
    async publish(path, bytes) {
      // Refuses a folder or a link in the object's place, which a rename would replace.
      await isPresent(path);
      await using temporary = await temporaries.create(bytes);
      await inFolder(path, () => rename(temporary.path, path));
      await syncFolder(dirname(path));
    },
  };
}

/** NFS: a link whose answer was lost is tried again and then finds its own work. */
async function isLinkedTwice(temporary: string): Promise<boolean> {
  const { nlink } = await lstat(temporary);
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
