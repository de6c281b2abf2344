import { isUtf8 } from 'node:buffer';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { runChecked } from '../../../src/process/run-command.ts';
import { type BytePath, toBytes } from '../../../src/bytes/byte-path.ts';
import { hasGetfattr } from './tools.ts';

/** What lstat, readlink and getfattr say of one name below a directory. */
export interface WalkedFile {
  readonly path: BytePath;
  readonly type: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly linkTarget: BytePath;
  readonly device: number;
}

/** All names below `root` with `''` for itself, parents first. */
export async function walkTree(root: string): Promise<WalkedFile[]> {
  const found: WalkedFile[] = [];
  const visit = async (path: BytePath): Promise<void> => {
    const file = await walkedFile(root, path);
    found.push(file);
    if (file.type !== 'directory') return;
    const names = await readdir(below(root, path), { encoding: 'buffer' });
    for (const name of names) {
      const text = name.toString('latin1');
      await visit(path === '' ? text : `${path}/${text}`);
    }
  };
  await visit('');
  return found;
}

export function readTreeFile(root: string, path: BytePath): Promise<Buffer> {
  return readFile(below(root, path));
}

/** Every extended attribute of a file, in hex, by name; none where getfattr is not installed. */
export async function xattrsOf(root: string, path: BytePath): Promise<Record<string, string>> {
  if (!hasGetfattr) return {};
  // A child gets its arguments as UTF-8: names that are not stay without.
  const full = below(root, path);
  if (!isUtf8(full)) return {};
  const args = ['-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names', '--'];
  const { stdout } = await runChecked('getfattr', [...args, full.toString('utf8')]);
  const xattrs: Record<string, string> = {};
  for (const line of stdout.toString('utf8').split('\n')) {
    const match = /^([^#][^=]*)=(?:0x)?([0-9a-f]*)$/.exec(line);
    if (match !== null) xattrs[withoutEscapes(match[1] ?? '')] = match[2] ?? '';
  }
  return xattrs;
}

/** getfattr writes some bytes of names as a backslash and three octal digits. */
function withoutEscapes(name: string): string {
  return name.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

async function walkedFile(root: string, path: BytePath): Promise<WalkedFile> {
  const full = below(root, path);
  const stat = await lstat(full, { bigint: true });
  const type = stat.isDirectory()
    ? 'directory'
    : stat.isSymbolicLink()
      ? 'symlink'
      : stat.isCharacterDevice()
        ? 'char'
        : stat.isBlockDevice()
          ? 'block'
          : stat.isFIFO()
            ? 'fifo'
            : 'file';
  const target = type === 'symlink' ? await readlink(full, { encoding: 'buffer' }) : undefined;
  return {
    path,
    type,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
    sizeBytes: type === 'file' ? Number(stat.size) : 0,
    inode: stat.ino,
    linkTarget: target?.toString('latin1') ?? '',
    device: Number(stat.rdev),
  };
}

function below(root: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]);
}
