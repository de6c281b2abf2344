/** What a stream's first bytes say; `none` for everything without a known mark. */
export type StreamCompression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** A stream that begins with bytes which were read already. */
export interface PeekedStream {
  readonly compression: StreamCompression;
  /** The whole stream, to be read once. */
  readonly whole: AsyncIterable<Buffer>;
  /** Closes what is behind the stream when `whole` will not be read. */
  close(): Promise<void>;
}

const markBytes = 6;

/** Looks at the first bytes of a stream. */
export async function detectCompression(source: AsyncIterable<Buffer>): Promise<PeekedStream> {
  const rest = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < markBytes) {
    const { value, done } = await rest.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return {
    compression: compressionOfHead(head),
    whole: rejoin(head, rest),
    async close() {
      await rest.return?.();
    },
  };
}

/** Marks: RFC 1952 section 2.3.1; RFC 8878 sections 3.1.1 and 3.1.2; the xz file format, 2.1.1.1. */
export function compressionOfHead(head: Buffer): StreamCompression {
  const starts = (...bytes: readonly number[]): boolean =>
    bytes.every((byte, index) => head[index] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head.subarray(1, 4).equals(skippableTail)) return 'zstd';
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (starts(0x42, 0x5a, 0x68) && isBlockSize(head[3])) return 'bzip2';
  return 'none';
}

const skippableTail = Buffer.from([0x2a, 0x4d, 0x18]);

function isBlockSize(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x31 && byte <= 0x39;
}

async function* rejoin(
  head: Buffer,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let isOver = false;
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true) break;
      yield value;
    }
    isOver = true;
  } finally {
    // Closes the file or connection behind an unfinished stream.
    if (!isOver) await rest.return?.();
  }
}
