import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that need not be in memory: any part of them can be had, at once. */
export interface Bytes {
  readonly sizeBytes: number;
  /** From the first to behind the last byte; both lie inside. */
  slice(from: number, to: number): Buffer;
}

export const noBytes: Bytes = bytesOf(Buffer.alloc(0));

export function bytesOf(buffer: Buffer): Bytes {
  return { sizeBytes: buffer.length, slice: (from, to) => buffer.subarray(from, to) };
}

export function partOf(bytes: Bytes, from: number, to: number): Bytes {
  return { sizeBytes: to - from, slice: (a, b) => bytes.slice(from + a, from + b) };
}

export function joined(parts: readonly Bytes[]): Bytes {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return {
    sizeBytes,
    slice(from, to) {
      const found: Buffer[] = [];
      let begin = 0;
      for (const part of parts) {
        const [a, b] = [Math.max(0, from - begin), Math.min(part.sizeBytes, to - begin)];
        if (a < b) found.push(part.slice(a, b));
        begin += part.sizeBytes;
      }
      return found.length === 1 && found[0] !== undefined ? found[0] : Buffer.concat(found);
    },
  };
}

/** In order, each of `pieceBytes` at most. */
export function* pieces(bytes: Bytes, pieceBytes = 256 * 1024): Generator<Buffer> {
  for (let from = 0; from < bytes.sizeBytes; from += pieceBytes) {
    yield bytes.slice(from, Math.min(bytes.sizeBytes, from + pieceBytes));
  }
}

export function whole(bytes: Bytes): Buffer {
  return bytes.slice(0, bytes.sizeBytes);
}

const patternBytes = 1024 * 1024;
const stampEveryBytes = 64 * 1024;

/** Bytes that do not compress, the same for the same seed. Any amount takes 1 MiB of memory. */
export function noise(seed: string, sizeBytes: number): Bytes {
  const key = createHash('sha256').update(seed).digest();
  const pattern = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(
    Buffer.alloc(Math.min(patternBytes, sizeBytes)),
  );
  return {
    sizeBytes,
    slice(from, to) {
      const part = Buffer.allocUnsafe(to - from);
      let at = from;
      while (at < to) {
        const inPattern = at % patternBytes;
        at += pattern.copy(part, at - from, inPattern, inPattern + to - at);
      }
      stamp(part, from);
      return part;
    },
  };
}

/** A number at each 64 KiB makes repetitions of the pattern differ. */
function stamp(part: Buffer, from: number): void {
  const mark = Buffer.alloc(8);
  const first = Math.floor(from / stampEveryBytes);
  for (let index = first; index * stampEveryBytes < from + part.length; index += 1) {
    const at = index * stampEveryBytes - from;
    mark.writeBigUInt64LE(BigInt(index));
    mark.copy(part, Math.max(0, at), Math.min(mark.length, Math.max(0, -at)));
  }
}
