/** One entry of an archive. Directories come before what they hold. */
export type CpioEntry = { readonly path: string } & (
  | { readonly type: 'directory' }
  | { readonly type: 'file'; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'character-device'; readonly major: number; readonly minor: number }
);

/**
 * Writes a cpio archive in the "newc" format (cpio(5), "New ASCII Format"; kernel documentation,
 * "initramfs buffer format"). Paths have no leading slash. Owner is root and times are 0, so the same
 * entries give the same bytes. Padded to 512 bytes: archives can be joined, and the kernel unpacks each.
 */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, entry] of entries.entries()) parts.push(...encodeEntry(index + 1, entry));
  parts.push(header({ inode: 0, mode: 0, sizeBytes: 0, path: 'TRAILER!!!', device: [0, 0] }));
  const archive = Buffer.concat(parts);
  return Buffer.concat([archive, Buffer.alloc(-archive.length & 511)]);
}

const typeBits = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  'character-device': 0o020000,
} as const;

function encodeEntry(inode: number, entry: CpioEntry): Buffer[] {
  const content = contentOf(entry);
  const head = header({
    inode,
    mode: typeBits[entry.type] | permissionsOf(entry),
    sizeBytes: content.length,
    path: entry.path,
    device: entry.type === 'character-device' ? [entry.major, entry.minor] : [0, 0],
  });
  return [head, content, Buffer.alloc(-content.length & 3)];
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.type === 'file') return Buffer.from(entry.bytes);
  return Buffer.from(entry.type === 'symlink' ? entry.target : '', 'utf8');
}

function permissionsOf(entry: CpioEntry): number {
  if (entry.type === 'file') return entry.mode & 0o7777;
  if (entry.type === 'symlink') return 0o777;
  return entry.type === 'directory' ? 0o755 : 0o600;
}

interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly path: string;
  readonly device: readonly [major: number, minor: number];
}

function header({ inode, mode, sizeBytes, path, device }: Header): Buffer {
  const name = Buffer.from(`${path}\0`, 'utf8');
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, sizeBytes, 0, 0, ...device, name.length, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const head = Buffer.concat([Buffer.from(`070701${digits}`, 'latin1'), name]);
  return Buffer.concat([head, Buffer.alloc(-head.length & 3)]);
}
