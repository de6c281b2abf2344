import { AshlarError } from '../../src/errors/ashlar-error.ts';

/** The error that the work fails with; fails itself when there is none, or one without a code. */
export async function failureOf(
  work: Promise<unknown> | (() => Promise<unknown>),
): Promise<AshlarError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new Error('no failure where one was expected');
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
