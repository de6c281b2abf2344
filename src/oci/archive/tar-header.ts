const blockBytes = 512;

/** What a header block says, as far as finding members needs it. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** One character; `0` for a regular file. */
  readonly type: string;
  readonly sizeBytes: number;
}

/**
 * Reads one header block of 512 bytes (POSIX ustar; GNU tar's base-256 numbers). Gives null for a block of
 * zeros. Throws `fail(...)` for anything else.
 */
export function parseTarHeader(block: Buffer, fail: (problem: string) => Error): TarHeader | null {
  if (block.every((byte) => byte === 0)) return null;
  if (numberAt(block, 148, 8) !== checksumOf(block)) {
    throw fail('has something else than a tar header');
  }
  const sizeBytes = numberAt(block, 124, 12);
  if (sizeBytes === null) throw fail('has a tar header with a wrong size');
  const prefix =
    block.toString('latin1', 257, 262) === 'ustar' && block[263] === 0x30
      ? textAt(block, 345, 155)
      : '';
  const name = textAt(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: textAt(block, 157, 100),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    sizeBytes,
  };
}

/** The records `LENGTH KEY=VALUE\n` of a pax header (POSIX pax, "pax Header Block"). */
export function parsePaxRecords(
  bytes: Buffer,
  fail: (problem: string) => Error,
): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    const end = at + length;
    if (!Number.isSafeInteger(length) || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw fail('has a damaged pax header');
    }
    const record = bytes.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 0) throw fail('has a damaged pax header');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return records;
}

/** The members' data is padded to whole blocks. */
export function paddedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

function textAt(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or base 256 with the first bit set; null for neither. */
function numberAt(block: Buffer, start: number, length: number): number | null {
  const field = block.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const isSmall = field[0] === 0x80 && field.subarray(1, length - 6).every((byte) => byte === 0);
    const value = isSmall ? field.readUIntBE(length - 6, 6) : Number.NaN;
    return Number.isSafeInteger(value) ? value : null;
  }
  const text = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null;
}

function checksumOf(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) {
    sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  }
  return sum;
}
