import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';

/** What a store's directory was asked for when a system call failed. */
export interface FsAccess {
  readonly action: 'read' | 'write';
  readonly path: string;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

const full: Meaning = { code: 'store_full', what: 'has no space left' };
const readOnly: Meaning = { code: 'store_read_only', what: 'cannot be written' };
const notReadable: Meaning = {
  code: 'store_unreachable',
  what: 'may not be read by this user',
  hint: 'Give this user read access to the directory of the store.',
};
const notAFile: Meaning = {
  code: 'object_not_a_file',
  what: 'is not reached through folders and regular files alone',
};
const gone: Meaning = {
  code: 'store_unreachable',
  what: 'does not answer',
  hint: 'Check the disk or the network file system that holds the store.',
};
const vanished: Meaning = { code: 'store_unreachable', what: 'vanished while it was written' };
const severalFileSystems: Meaning = {
  code: 'store_url_invalid',
  what: 'lies on another file system than the top of the store',
  hint: 'Keep the whole directory of the store on one file system.',
};

const meaningOfBoth: Readonly<Record<string, Meaning>> = {
  EISDIR: notAFile,
  ENOTDIR: notAFile,
  ELOOP: notAFile,
  EIO: gone,
  ESTALE: gone,
  ETIMEDOUT: gone,
  ENOTCONN: gone,
  EHOSTDOWN: gone,
  ESHUTDOWN: gone,
};

const meaningOf: Readonly<Record<FsAccess['action'], Readonly<Record<string, Meaning>>>> = {
  read: { ...meaningOfBoth, EACCES: notReadable, EPERM: notReadable },
  write: {
    ...meaningOfBoth,
    ENOSPC: full,
    EDQUOT: full,
    EROFS: readOnly,
    EACCES: readOnly,
    EPERM: readOnly,
    EXDEV: severalFileSystems,
    ENOENT: vanished,
  },
};

/**
 * Runs `work` and turns the system errors that say something about the store into errors with a code. Of a failure
 * and another one in cleaning up after it, the first is told.
 */
export async function naming<T>(access: FsAccess, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error: unknown = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
    const systemCode = systemErrorCode(error);
    const meaning = systemCode === undefined ? undefined : meaningOf[access.action][systemCode];
    if (meaning === undefined) throw error;
    throw new AshlarError(
      meaning.code,
      `${access.path} ${meaning.what} (${systemCode} on ${access.action})`,
      {
        data: { path: access.path, systemCode: systemCode ?? '' },
        cause: error,
        ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      },
    );
  }
}

/** The failure that `path` is there but is no regular file. */
export function notAFileAt(path: string): AshlarError {
  return new AshlarError(
    'object_not_a_file',
    `${path} should be an object, but is no regular file`,
    { data: { path } },
  );
}

/** The failure that the store's directory went away while it was open. */
export function storeGone(directory: string, cause?: unknown): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `the store at ${directory} went away: it was removed, or is no longer mounted`,
    { data: { path: directory }, cause },
  );
}
