import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/**
 * The claims of one host between two boots:
 *
 *     <directory>/1-<boot id>/
 *         <owner>.sock                   a process that takes part; it listens there
 *         <owner>.new                    the same before it listens
 *         <name of key>.claim/<token>/   a claim; the token names the owner
 *         <token>.tmp/<token>/           a claim that is being made
 *
 * A claim is made by renaming a folder that holds the token, which fails where a folder with something in it is there
 * already, and replaces an empty one. It is removed by removing the token: whoever comes late with an old token removes
 * nothing of a later claim. So no lock is needed to take a dead owner's claim away.
 */
export interface ClaimsFolder extends AsyncDisposable {
  /** Short, for socket paths; valid in this process, as long as the folder is open. */
  readonly path: string;
  socketOf(owner: string): string;
  /** Makes the claim, or gives the token of who has it. */
  take(name: string, token: string): Promise<string | null>;
  /** Removes the claim if this token has it. */
  drop(name: string, token: string): Promise<void>;
  /** The names in the folder, or in a claim. */
  names(claim?: string): Promise<string[]>;
  /** Runs what uses `path`; the folder stays open until it is done. */
  use<T>(work: () => Promise<T>): Promise<T>;
}

const bootIdFile = '/proc/sys/kernel/random/boot_id';

export async function openClaimsFolder(directory: string): Promise<ClaimsFolder> {
  const handle = await naming(directory, () => openFolder(directory));
  const path = `/proc/self/fd/${handle.fd}`;
  const running = new Set<Promise<unknown>>();
  let isClosed = false;

  async function use<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new AshlarError('internal', `the claims in ${directory} were closed`);
    const run = naming(directory, work);
    running.add(run);
    try {
      return await run;
    } finally {
      running.delete(run);
    }
  }

  return {
    path,
    use,
    socketOf: (owner) => join(path, `${owner}.sock`),
    take: (name, token) => use(() => take(path, name, token)),
    drop: (name, token) => use(() => drop(path, name, token)),
    names: (claim = '.') => use(() => namesIn(join(path, claim))),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      // Once closed, the number in `path` may be that of another folder.
      await Promise.allSettled(running);
      await handle.close();
    },
  };
}

async function openFolder(directory: string): Promise<FileHandle> {
  const bootId = (await readFile(bootIdFile, 'latin1')).trim();
  const path = join(directory, `1-${bootId}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const { uid, mode } = await handle.stat();
  if (uid === process.geteuid?.() && (mode & 0o077) === 0) return handle;
  await handle.close();
  throw unusable(path, 'belongs to another user, or is open to others', undefined);
}

async function take(path: string, name: string, token: string): Promise<string | null> {
  const claim = join(path, `${name}.claim`);
  const [holder] = await namesIn(claim);
  if (holder !== undefined) return holder;
  const prepared = join(path, `${token}.tmp`);
  await mkdir(prepared, { mode: 0o700 });
  await mkdir(join(prepared, token), { mode: 0o700 });
  for (;;) {
    if (await succeeds(['EEXIST', 'ENOTEMPTY'], () => rename(prepared, claim))) return null;
    const [winner] = await namesIn(claim);
    if (winner === undefined) continue; // released in between: somebody got on, and so may we
    await rmdir(join(prepared, token));
    await rmdir(prepared);
    return winner;
  }
}

async function drop(path: string, name: string, token: string): Promise<void> {
  const claim = join(path, `${name}.claim`);
  await succeeds(['ENOENT'], () => rmdir(join(claim, token)));
  await succeeds(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => rmdir(claim));
}

/** False where the work failed with one of the codes. */
async function succeeds(codes: readonly string[], work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (codes.includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function naming<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw unusable(directory, `cannot hold claims (${code})`, error);
  }
}

function unusable(path: string, why: string, cause: unknown): AshlarError {
  return new AshlarError('home_unusable', `${path} ${why}`, { data: { path }, cause });
}
