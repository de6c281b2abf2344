import { createRecentMap } from './recent-map.ts';

/** Pieces of files that several readers want at about the same time: each is read once for all of them. */
export interface SharedReads {
  /**
   * The bytes of a piece. `read` is called where nobody has read it a moment ago; its failure is shared with those who wait
   * for it, and then forgotten. What is given is others' too: nobody may write to it.
   */
  of(piece: SharedPiece, read: () => Promise<Buffer>): Promise<Buffer>;
}

export interface SharedPiece {
  /** What it is a piece of, told apart from all that other bytes have ever been read from. */
  readonly source: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** What an entry takes besides its bytes, roughly: clients ask for parts of one byte too. */
const entryBytes = 1024;

/** Keeps the pieces that were asked for last, in `maxBytes` of memory. */
export function createSharedReads(maxBytes: number): SharedReads {
  const recent = createRecentMap<{ readonly bytes: Promise<Buffer>; readonly lengthBytes: number }>(
    maxBytes,
    ({ lengthBytes }) => lengthBytes + entryBytes,
  );
  return {
    of({ source, offset, lengthBytes }, read) {
      const key = `${source} ${offset} ${lengthBytes}`;
      const known = recent.get(key);
      if (known !== undefined) return known.bytes;
      const bytes = read();
      recent.set(key, { bytes, lengthBytes });
      bytes.catch(() => recent.delete(key));
      return bytes;
    },
  };
}

/** Reads each piece for who asks. */
export const unsharedReads: SharedReads = { of: (_piece, read) => read() };

/** The part of a range that begins at `offset` and does not go beyond the next multiple of `pieceBytes`, so that readers meet. */
export function pieceLength(
  { offset, end }: { readonly offset: number; readonly end: number },
  pieceBytes: number,
): number {
  return Math.min(pieceBytes - (offset % pieceBytes), end - offset);
}
