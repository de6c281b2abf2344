import { createHash } from 'node:crypto';
import { lstat, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** A claim covers two system calls; one this old belongs to a writer that was killed between them. */
const staleAfterMs = 60_000;
const waitMs = 20;
const patienceMs = 2 * staleAfterMs;

export interface ClaimOptions {
  readonly directory: string;
  readonly nowMs: () => number;
}

/**
 * Holds the only claim on `key` among all writers of the store, on whatever host, until disposed. For file systems without
 * hard links: the claim is a file made with O_EXCL. A claim that a killed writer left is broken after a minute; two
 * writers that break the same one in the same instant may then both hold it. Throws `store_unreachable` after two
 * minutes.
 */
export async function claimKey(key: string, options: ClaimOptions): Promise<AsyncDisposable> {
  const claim = join(options.directory, `${createHash('sha256').update(key).digest('hex')}.claim`);
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += waitMs) {
    if (await createExclusively(claim)) return { [Symbol.asyncDispose]: () => remove(claim) };
    if (await isStale(claim, options.nowMs())) await remove(claim);
    else await pause(waitMs);
  }
  throw new AshlarError('store_unreachable', `another writer does not let go of ${claim}`, {
    data: { path: claim },
    hint: 'Remove the file if no other command writes to the store.',
  });
}

async function createExclusively(path: string): Promise<boolean> {
  try {
    await using _ = await open(path, 'wx');
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string, nowMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await lstat(path);
    return nowMs - mtimeMs > staleAfterMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
