import { type Bytes, bytesOf, joined, noBytes } from './bytes.ts';

export type TarEntry =
  | { readonly path: string; readonly type: 'file'; readonly content: Bytes }
  /** The path ends in a slash. */
  | { readonly path: string; readonly type: 'directory' }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string };

const typeFlags = { file: '0', directory: '5', symlink: '2' } as const;
const recordBytes = 512;
const aTimeSec = 1_577_836_800;

/** A ustar archive (POSIX.1-1988) of paths below 100 bytes and files below 8 GiB, all root's. */
export function tarBytes(entries: readonly TarEntry[]): Bytes {
  const parts: Bytes[] = [];
  for (const entry of entries) {
    const content = entry.type === 'file' ? entry.content : noBytes;
    const padding = (recordBytes - (content.sizeBytes % recordBytes)) % recordBytes;
    parts.push(bytesOf(header(entry, content.sizeBytes)), content, bytesOf(Buffer.alloc(padding)));
  }
  return joined([...parts, bytesOf(Buffer.alloc(2 * recordBytes))]);
}

function header(entry: TarEntry, sizeBytes: number): Buffer {
  const block = Buffer.alloc(recordBytes);
  const number = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  block.write(entry.path, 0, 100, 'utf8');
  number(entry.type === 'file' ? 0o644 : 0o755, 100, 7);
  number(0, 108, 7);
  number(0, 116, 7);
  number(sizeBytes, 124, 11);
  number(aTimeSec, 136, 11);
  block.fill(' ', 148, 156);
  block.write(typeFlags[entry.type], 156, 'latin1');
  if (entry.type === 'symlink') block.write(entry.target, 157, 100, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  number(sum, 148, 6);
  block.writeUInt8(0, 154);
  return block;
}
