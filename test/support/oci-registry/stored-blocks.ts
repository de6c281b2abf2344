import type { Bytes } from './bytes.ts';

/** A compressed form whose blocks hold the bytes as they are, so that any part of it can be had without the rest. */
interface Framing {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly blockHeadBytes: number;
  blockHead(lengthBytes: number, place: 'inside' | 'last'): Buffer;
}

const blockBytes = 65_024;

/** gzip (RFC 1952) of deflate's stored blocks (RFC 1951, section 3.2.4). */
export function storedGzip(plain: Bytes, crc32: number): Bytes {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32, 0);
  tail.writeUInt32LE(plain.sizeBytes % 2 ** 32, 4);
  return framed(plain, {
    head: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
    tail,
    blockHeadBytes: 5,
    blockHead(lengthBytes, place) {
      const head = Buffer.alloc(5);
      head.writeUInt8(place === 'last' ? 1 : 0, 0);
      head.writeUInt16LE(lengthBytes, 1);
      head.writeUInt16LE(0xffff - lengthBytes, 3);
      return head;
    },
  });
}

/** A Zstandard frame of raw blocks, without checksum, with its size (RFC 8878, section 3.1.1). */
export function storedZstd(plain: Bytes): Bytes {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xc0, 10 << 3, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64LE(BigInt(plain.sizeBytes), 6);
  return framed(plain, {
    head,
    tail: Buffer.alloc(0),
    blockHeadBytes: 3,
    blockHead(lengthBytes, place) {
      const head = Buffer.alloc(3);
      head.writeUIntLE(lengthBytes * 8 + (place === 'last' ? 1 : 0), 0, 3);
      return head;
    },
  });
}

function framed(plain: Bytes, framing: Framing): Bytes {
  const { head, tail, blockHeadBytes, blockHead } = framing;
  const blocks = Math.max(1, Math.ceil(plain.sizeBytes / blockBytes));
  const strideBytes = blockHeadBytes + blockBytes;
  const tailAt = head.length + blocks * blockHeadBytes + plain.sizeBytes;
  return {
    sizeBytes: tailAt + tail.length,
    slice(from, to) {
      const parts = [overlap(head, 0, from, to)];
      const first = Math.max(0, Math.floor((from - head.length) / strideBytes));
      for (let index = first; index < blocks; index += 1) {
        const at = head.length + index * strideBytes;
        if (at >= to) break;
        const plainAt = index * blockBytes;
        const lengthBytes = Math.min(blockBytes, plain.sizeBytes - plainAt);
        const place = index === blocks - 1 ? 'last' : 'inside';
        parts.push(overlap(blockHead(lengthBytes, place), at, from, to));
        const bodyAt = at + blockHeadBytes;
        const [a, b] = [Math.max(0, from - bodyAt), Math.min(lengthBytes, to - bodyAt)];
        if (a < b) parts.push(plain.slice(plainAt + a, plainAt + b));
      }
      parts.push(overlap(tail, tailAt, from, to));
      return Buffer.concat(parts);
    },
  };
}

/** What of `bytes`, which stand at `at`, lies from `from` to `to`. */
function overlap(bytes: Buffer, at: number, from: number, to: number): Buffer {
  return bytes.subarray(Math.max(0, from - at), Math.max(0, to - at));
}
