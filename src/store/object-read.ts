import type { ObjectInfo, ObjectRead } from './object-store.ts';

export interface ObjectReadParts {
  readonly info: ObjectInfo;
  /** Lets go at its end of what it holds. */
  readonly pieces: AsyncGenerator<Buffer>;
  /** Lets go of what `pieces` would have, had it been iterated. */
  readonly close: () => Promise<void> | void;
}

export function createObjectRead({ info, pieces, close }: ObjectReadParts): ObjectRead {
  return {
    info,
    [Symbol.asyncIterator]: () => pieces,
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}
