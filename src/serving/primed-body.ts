import type { AnswerBody } from './answer.ts';

/**
 * A body whose first piece is there, so that a failure until then can be answered as one. `sizeOf` is asked once it is, and gives
 * null where the size is not known before the end.
 */
export async function primedBody(
  pieces: AsyncIterable<Buffer>,
  sizeOf: () => Promise<number | null>,
): Promise<AnswerBody> {
  const rest = pieces[Symbol.asyncIterator]();
  const first = await rest.next();
  if (first.done === true) return Buffer.alloc(0);
  const sizeBytes = await sizeOf();
  if (sizeBytes === first.value.length) {
    await rest.return?.();
    return first.value;
  }
  return {
    sizeBytes,
    pieces: (async function* () {
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => rest };
    })(),
  };
}
