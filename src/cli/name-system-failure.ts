import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';

/** What says something about the machine wherever it comes from; the store and stdout have named theirs by then. */
const codeOfSystemError: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'disk_full',
  EMFILE: 'resources_exhausted',
  ENFILE: 'resources_exhausted',
  ENOMEM: 'resources_exhausted',
  EAGAIN: 'resources_exhausted',
};

/** What says something about the state directory where its path lies below it. */
const ofHome = new Set(['EACCES', 'EPERM', 'EROFS', 'EIO', 'ESTALE', 'ENOTDIR', 'ELOOP']);

/** Files of a step are reached through the root of the process that holds its mounts. */
const throughProcess = /^\/proc\/\d+\/root(?=\/)/;

/** What a failure was at first, before cleaning up after it failed too. */
export function firstFailure(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}

/**
 * Names a failure that nobody has named: where a system call failed for want of space, files or memory, or for a state
 * directory that cannot be used or was removed, the operator can mend it, and it is no fault of Ashlar. Any other
 * failure is given back as it is.
 */
export function nameSystemFailure(failure: AshlarError, home: string | undefined): AshlarError {
  if (failure.code !== 'internal') return failure;
  for (let error: unknown = failure; error instanceof Error; error = causeOf(error)) {
    const code = meaningOf(error, home);
    if (code === undefined) continue;
    const { message, data } = failure;
    return new AshlarError(code, message, { data, cause: failure });
  }
  return failure;
}

function causeOf(error: Error): unknown {
  return firstFailure(error.cause);
}

function meaningOf(error: Error, home: string | undefined): ErrorCode | undefined {
  const systemCode = systemErrorCode(error);
  if (systemCode === undefined) return undefined;
  const code = codeOfSystemError[systemCode];
  if (code !== undefined) return code;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  if (home === undefined || path === undefined) return undefined;
  const below = relative(home, path.replace(throughProcess, ''));
  if (below === '..' || below.startsWith(`..${sep}`)) return undefined;
  const [top = ''] = below.split(sep);
  const isGone = systemCode === 'ENOENT' && !existsSync(join(home, top));
  return ofHome.has(systemCode) || isGone ? 'home_unusable' : undefined;
}
