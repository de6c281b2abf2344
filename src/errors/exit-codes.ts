import type { AshlarError } from './ashlar-error.ts';
import type { ErrorClass } from './catalogue.ts';

/** Exit codes of the command line, by who must act. 0 is fine; 3 is authentication, 4 quota and policy. */
export const exitCodeOfClass: Readonly<Record<ErrorClass, number>> = {
  author: 1,
  caller: 2,
  owner: 4,
  upstream: 5,
  operator: 6,
  platform: 7,
};

/** The exit code that a failure ends the command line with; an interrupt ends it with 130. */
export function exitCodeOf(error: AshlarError): number {
  if (error.code === 'interrupted') return 130;
  if (error.code === 'registry_auth_required') return 3;
  return exitCodeOfClass[error.entry.class];
}
