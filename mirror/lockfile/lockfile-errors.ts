import { AshlarError } from '../../src/index.ts';

/** Where in which file something is: the start of every message. */
export interface LockfilePlace {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
}

/** `lockfile_invalid`, with the file and the line. */
export function invalidLockfile(
  { name, line }: LockfilePlace,
  what: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): AshlarError {
  return new AshlarError('lockfile_invalid', `${name}:${line}: ${what}`, {
    data: { path: name, line },
    ...options,
  });
}

/** `lockfile_unsupported`: a form that is known, or newer than this program. */
export function unsupportedLockfile(name: string, what: string, hint?: string): AshlarError {
  return new AshlarError('lockfile_unsupported', `${name}: ${what}`, {
    data: { path: name },
    ...(hint === undefined ? {} : { hint }),
  });
}
