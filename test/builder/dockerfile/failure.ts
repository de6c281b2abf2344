import { AshlarError } from '../../../src/errors/ashlar-error.ts';

/** The error that a call fails with. */
export function failure(call: () => unknown): AshlarError {
  try {
    call();
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
