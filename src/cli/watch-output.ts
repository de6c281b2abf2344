import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { Terminal } from './terminal.ts';

export interface WatchedOutput {
  /** What stdout failed with first; undefined when it has not. */
  failure(): Error | undefined;
}

/**
 * Tells when stdout fails, which may be at any moment of a command that writes while it works. Of a failing stderr
 * nobody can be told, and it is no reason to end what is done. The streams are watched as long as they live: a write
 * may fail after the command has ended.
 */
export function watchOutput(
  { stdout, stderr }: Terminal,
  onStdoutFailure: (error: Error) => void,
): WatchedOutput {
  let first: Error | undefined;
  stdout.on('error', (error) => {
    first ??= error;
    onStdoutFailure(error);
  });
  stderr.on('error', () => undefined);
  // Of a write that failed, who wrote knows before the listeners do.
  return { failure: () => first ?? stdout.errored ?? undefined };
}

/** A failure to write to stdout, in the words of an error: `disk_full` or `invalid_request`. */
export function stdoutFailure(error: Error): AshlarError {
  const systemCode = systemErrorCode(error) ?? 'unknown';
  const isFull = systemCode === 'ENOSPC' || systemCode === 'EDQUOT';
  return new AshlarError(
    isFull ? 'disk_full' : 'invalid_request',
    `the output of the command cannot be written to stdout (${systemCode})`,
    {
      data: { systemCode },
      cause: error,
      hint: isFull
        ? 'Free space where stdout is written to, and run the command again.'
        : 'Give stdout to a file or a program that can take it, and run the command again.',
    },
  );
}
