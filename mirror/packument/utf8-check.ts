import { isUtf8 } from 'node:buffer';

/** Checks that bytes which come in pieces are well-formed UTF-8 (RFC 3629). */
export interface Utf8Check {
  /** Gives the offset, from the first piece's first byte, of a sequence that is none; else null. */
  push(piece: Buffer): number | null;
  /** As `push`, for a sequence that the end cuts off. */
  finish(): number | null;
}

export function createUtf8Check(): Utf8Check {
  let carried = Buffer.alloc(0);
  let seenBytes = 0;

  return {
    push(piece) {
      const start = seenBytes - carried.length;
      const head = piece.subarray(0, missingBytes(carried));
      const joint = Buffer.concat([carried, head]);
      seenBytes += piece.length;
      if (missingBytes(joint) > 0 && head.length === piece.length) {
        carried = joint;
        return null;
      }
      if (!isUtf8(joint)) return start + firstBad(joint);
      const rest = piece.subarray(head.length);
      const end = rest.length - cutOffBytes(rest);
      carried = Buffer.from(rest.subarray(end));
      const sound = rest.subarray(0, end);
      return isUtf8(sound) ? null : start + joint.length + firstBad(sound);
    },
    finish: () => (carried.length === 0 ? null : seenBytes - carried.length),
  };
}

/** How many bytes the sequence that `begun` begins with still lacks, by its first byte. */
function missingBytes(begun: Buffer): number {
  return begun.length === 0 ? 0 : Math.max(0, sequenceBytes(begun[0] ?? 0) - begun.length);
}

function sequenceBytes(first: number): number {
  if (first < 0xc0 || first >= 0xf8) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** The bytes at the end that begin a sequence and do not end it. */
function cutOffBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return sequenceBytes(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Where the first malformed sequence of `bytes` begins. */
function firstBad(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceBytes(bytes[at] ?? 0);
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}
