/**
 * Keeps the raw bytes of the JSON string that is being read, over the ends of pieces, and gives its text.
 */
export interface TextCapture {
  /** A string begins; its first byte (after the quote) lies at `at` in the piece. */
  begin(at: number): void;
  /** The string has an escape. */
  escaped(): void;
  /** The piece ends within the string. Gives the bytes kept so far. */
  carry(piece: Buffer): number;
  /** The raw bytes that the string has when it ends at `at` in the piece. */
  lengthAt(at: number): number;
  readonly hasEscape: boolean;
  /** The text of the string, whose closing quote lies at `at`: as JSON.parse gives it. Null when it has a lone surrogate. */
  textAt(piece: Buffer, at: number): string | null;
}

export function createTextCapture(): TextCapture {
  let parts: Buffer[] = [];
  let carriedBytes = 0;
  let from = 0;
  let hasEscape = false;

  const rawAt = (piece: Buffer, at: number): string => {
    if (carriedBytes === 0) return piece.toString('utf8', from, at);
    return Buffer.concat([...parts, piece.subarray(from, at)]).toString('utf8');
  };

  return {
    begin(at) {
      if (carriedBytes > 0) parts = [];
      carriedBytes = 0;
      from = at;
      hasEscape = false;
    },
    escaped() {
      hasEscape = true;
    },
    carry(piece) {
      // A copy: the caller may use the piece's memory again.
      if (from < piece.length) parts.push(Buffer.from(piece.subarray(from)));
      carriedBytes += Math.max(0, piece.length - from);
      from = 0;
      return carriedBytes;
    },
    lengthAt: (at) => carriedBytes + at - from,
    get hasEscape() {
      return hasEscape;
    },
    textAt(piece, at) {
      const raw = rawAt(piece, at);
      if (!hasEscape) return raw;
      const text = JSON.parse(`"${raw}"`) as string;
      return text.isWellFormed() ? text : null;
    },
  };
}
