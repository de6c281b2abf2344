import { isAbsolute } from 'node:path';
import { toAshlarError } from '../errors/ashlar-error.ts';
import { exitCodeOf } from '../errors/exit-codes.ts';
import { firstFailure, nameSystemFailure } from './name-system-failure.ts';
import { printError, type Terminal } from './terminal.ts';

/**
 * Tells of an error that nobody waited for, as of a program that the machine had no room to start, and gives the exit
 * code: who has to act is never the author of a Dockerfile. It is told on stderr, for nobody knows what stdout holds.
 */
export function reportCrash(error: unknown, terminal: Terminal, home: string): number {
  const failure = nameSystemFailure(
    toAshlarError(firstFailure(error)),
    isAbsolute(home) ? home : undefined,
  );
  printError(terminal, 'text', failure);
  return exitCodeOf(failure);
}
