/**
 * Builds a binary document. Numbers are LEB128 varints, as in the formats of trees. Throws a RangeError for a number that
 * no reader would take.
 */
export interface ByteWriter {
  /** An unsigned integer up to 2^53 - 1. */
  varint(value: number): void;
  /** A signed integer, zigzag coded, from -2^52 to 2^52 - 1. */
  signedVarint(value: number): void;
  bytes(bytes: Uint8Array): void;
  /** A length, then the characters of a byte path. */
  text(text: string): void;
  /** A length, then the bytes. */
  blob(bytes: Uint8Array): void;
  finish(): Buffer;
}

export function createByteWriter(): ByteWriter {
  let buffer = Buffer.allocUnsafe(16_384);
  let used = 0;
  const reserve = (bytes: number): void => {
    if (used + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + bytes));
    buffer.copy(larger, 0, 0, used);
    buffer = larger;
  };
  const varint = (value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no varint: ${value}`);
    reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      buffer[used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[used++] = rest;
  };
  const bytes = (source: Uint8Array): void => {
    reserve(source.length);
    buffer.set(source, used);
    used += source.length;
  };
  return {
    varint,
    signedVarint: (value) => varint(value < 0 ? -value * 2 - 1 : value * 2),
    bytes,
    text(text) {
      varint(text.length);
      reserve(text.length);
      used += buffer.write(text, used, 'latin1');
    },
    blob(source) {
      varint(source.length);
      bytes(source);
    },
    finish: () => Buffer.from(buffer.subarray(0, used)),
  };
}
