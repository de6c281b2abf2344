import { AshlarError } from './ashlar-error.ts';
import type { ErrorCode } from './catalogue.ts';

/** True for a failure with one of these codes. */
export function hasCode<C extends ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is AshlarError & { readonly code: C } {
  return error instanceof AshlarError && codes.some((code) => code === error.code);
}
