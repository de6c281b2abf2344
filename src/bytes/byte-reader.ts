/** Reads what `createByteWriter` wrote. Every method throws a RangeError past the end or on a number too large. */
export interface ByteReader {
  varint(): number;
  signedVarint(): number;
  /** A view of the next bytes. */
  bytes(length: number): Buffer;
  text(): string;
  blob(): Buffer;
  readonly remaining: number;
}

export function createByteReader(buffer: Buffer): ByteReader {
  let at = 0;
  const take = (length: number): number => {
    const start = at;
    if (length > buffer.length - at)
      throw new RangeError(`ends ${length - (buffer.length - at)} bytes too early`);
    at += length;
    return start;
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = buffer[take(1)] as number;
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large');
      if (byte < 0x80) return value;
      scale *= 0x80;
      if (scale > 2 ** 53) throw new RangeError('a number is too long');
    }
  };
  const bytes = (length: number): Buffer => {
    const start = take(length);
    return buffer.subarray(start, start + length);
  };
  return {
    varint,
    signedVarint() {
      const value = varint();
      return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
    },
    bytes,
    text() {
      const length = varint();
      const start = take(length);
      return buffer.toString('latin1', start, start + length);
    },
    blob: () => bytes(varint()),
    get remaining() {
      return buffer.length - at;
    },
  };
}
