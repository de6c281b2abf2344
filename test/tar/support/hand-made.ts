/** Archives put together by hand, byte by byte, so that they can be wrong in any way. */

export interface HandMadeHeader {
  readonly name?: string;
  readonly typeflag?: string;
  readonly size?: number;
  readonly mode?: string;
  readonly linkName?: string;
  readonly magic?: 'posix' | 'gnu' | 'v7';
  readonly prefix?: string;
  /** Bytes (latin1) put over the finished header at an offset, before the checksum is made. */
  readonly over?: Readonly<Record<number, string>>;
}

const magics = { posix: 'ustar\u000000', gnu: 'ustar  \0', v7: '' } as const;

/** One header block with a right checksum. */
export function header(fields: HandMadeHeader = {}): Buffer {
  const block = Buffer.alloc(512);
  const put = (text: string, offset: number): number => block.write(text, offset, 'latin1');
  put(fields.name ?? 'file', 0);
  put(fields.mode ?? '0000644', 100);
  put('0001750', 108);
  put('0001751', 116);
  put((fields.size ?? 0).toString(8).padStart(11, '0'), 124);
  put('14371573417', 136);
  put(fields.typeflag ?? '0', 156);
  put(fields.linkName ?? '', 157);
  put(magics[fields.magic ?? 'posix'], 257);
  put(fields.prefix ?? '', 345);
  for (const [offset, text] of Object.entries(fields.over ?? {})) put(text, Number(offset));
  return withChecksum(block);
}

/** Of `header` without more: the time that all hand-made headers have. */
export const handMadeTimeSec = 0o14371573417;

export function withChecksum(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** `bytes` filled up with zeros to a multiple of 512. */
export function padded(bytes: Buffer | string): Buffer {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
  return Buffer.concat([buffer, Buffer.alloc((512 - (buffer.length % 512)) % 512)]);
}

/** A header and its content. */
export function member(fields: HandMadeHeader, content: Buffer | string = ''): Buffer {
  const length =
    typeof content === 'string' ? Buffer.byteLength(content, 'latin1') : content.length;
  return Buffer.concat([header({ size: length, ...fields }), padded(content)]);
}

export function paxRecord(keyword: string, value: string): string {
  let length = keyword.length + value.length + 3;
  while (`${length} ${keyword}=${value}\n`.length !== length) length++;
  return `${length} ${keyword}=${value}\n`;
}

/** An extended header with the records in order. */
export function pax(records: readonly (readonly [string, string])[], typeflag = 'x'): Buffer {
  const text = records.map(([keyword, value]) => paxRecord(keyword, value)).join('');
  return member({ name: 'PaxHeaders/x', typeflag }, text);
}

/** GNU's header for a long name (`L`) or link target (`K`). */
export function gnuLong(typeflag: 'L' | 'K', name: string): Buffer {
  return member({ name: '././@LongLink', typeflag, magic: 'gnu' }, `${name}\0`);
}

/** The parts and two zero blocks. */
export function archive(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** A 12-byte octal field of an old GNU sparse map. */
export function octal12(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}
