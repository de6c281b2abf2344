import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { once } from '../flow/remember.ts';
import { storeGone } from './fs-errors.ts';
import { temporaryDirectory, temporaryName } from './fs-paths.ts';
import type { FsSync } from './fs-sync.ts';

/** A file with its bytes, as durable as the store makes them, under a name that no reader looks at. Disposing removes the name, if it is still there. */
export interface Temporary extends AsyncDisposable {
  readonly path: string;
}

/** What is written: bytes, or pieces as they come. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

/** The folder in which objects are written before they are published. */
export interface Temporaries {
  readonly directory: string;
  /** Made with the first of them, and never again: a folder that vanishes means that the store went away. */
  create(content: FileContent): Promise<Temporary>;
  /** The permissions that files made here get. */
  fileMode(): Promise<number>;
  /**
   * Throws `store_unreachable` when the root is missing, or when this folder was there once and is no more. To be
   * asked before a missing file is taken for an object that was never stored.
   */
  checkPresent(): Promise<void>;
}

export async function openTemporaries(root: string, sync: FsSync): Promise<Temporaries> {
  const directory = temporaryDirectory(root);
  let seen = await exists(directory);

  async function checkPresent(): Promise<void> {
    if (!(await exists(seen ? directory : root))) throw storeGone(root);
  }

  async function create(content: FileContent): Promise<Temporary> {
    if (!seen) {
      await makeFolder(root, directory);
      seen = true;
    }
    const path = join(directory, `${randomBytes(12).toString('hex')}.tmp`);
    try {
      await writeTemporary(path, content, sync);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') throw storeGone(root, error);
      await removeIfThere(path).catch(() => {}); // what went wrong first is what counts
      throw error;
    }
    return { path, [Symbol.asyncDispose]: () => removeIfThere(path) };
  }

  /** Asked of a file, as asking the process for its umask sets it for a moment. */
  const fileMode = once(async () => {
    await using temporary = await create(Buffer.alloc(0));
    const { mode } = await lstat(temporary.path);
    return mode & 0o777;
  });

  return { directory, checkPresent, create, fileMode };
}

/** Removes what writers that were killed left behind. A folder that cannot be written is left as it is. */
export async function sweepTemporaries(
  root: string,
  limits: { readonly olderThanMs: number; readonly nowMs: number },
): Promise<void> {
  const directory = temporaryDirectory(root);
  try {
    for (const name of await readdir(directory)) {
      if (!temporaryName.test(name)) continue;
      const path = join(directory, name);
      const { mtimeMs } = await lstat(path);
      if (limits.nowMs - mtimeMs > limits.olderThanMs) await removeIfThere(path);
    }
  } catch (error) {
    const leave = ['ENOENT', 'EROFS', 'EACCES', 'EPERM'];
    if (!leave.includes(systemErrorCode(error) ?? '')) throw error;
  }
}

async function writeTemporary(path: string, content: FileContent, sync: FsSync): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(content);
  await sync.file(file);
}

async function makeFolder(root: string, directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') throw storeGone(root, error);
    if (code !== 'EEXIST') throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
