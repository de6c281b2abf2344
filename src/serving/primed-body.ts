import type { AnswerBody } from './answer.ts';

/**
 * A body whose first piece is there, so that a failure until then can be answered as one. `sizeOf` is asked once it is, and gives
 * null where the size is not known before the end. What is not read to its end has to be returned, also before the first piece.
 * Once `enough` has resolved the piece is waited for no longer, and its failure is one of the body.
 */
export async function primedBody(
  pieces: AsyncIterable<Buffer>,
  sizeOf: () => Promise<number | null>,
  enough: Promise<void> = new Promise(() => {}),
): Promise<AnswerBody> {
  const rest = pieces[Symbol.asyncIterator]();
  const coming = rest.next();
  const first = await Promise.race([coming, enough]);
  // It may fail before anybody reads on.
  coming.catch(() => {});
  if (first?.done === true) return Buffer.alloc(0);
  try {
    const sizeBytes = await sizeOf();
    if (first === undefined) {
      const pieces = { [Symbol.asyncIterator]: () => joined(coming, rest) };
      return { sizeBytes, pieces, headFirst: true };
    }
    if (sizeBytes !== first.value.length)
      return { sizeBytes, pieces: { [Symbol.asyncIterator]: () => joined(first, rest) } };
  } catch (error) {
    await rest.return?.();
    throw error;
  }
  await rest.return?.();
  return first.value;
}

/** No generator: one that has not begun does nothing when it is returned. */
function joined(
  first: IteratorResult<Buffer> | Promise<IteratorResult<Buffer>>,
  rest: AsyncIterator<Buffer>,
): AsyncIterator<Buffer> {
  let next: typeof first | null = first;
  return {
    async next() {
      const piece = next;
      next = null;
      return piece ?? rest.next();
    },
    async return() {
      next = null;
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
}
