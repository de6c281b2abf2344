import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runChecked } from '../../../src/process/run-command.ts';
import { changedFiles, type FileChange } from '../../../base-images/files/changed-files.ts';
import type { ImageFiles } from '../../../base-images/files/image-files.ts';
import { type MemoryFile, memoryFiles } from '../../../base-images/files/memory-files.ts';
import { storedImageFiles } from '../../../base-images/files/stored-image-files.ts';
import {
  createContentIntake,
  createFileSpool,
  createFileTree,
  createImageStore,
  createMemoryObjectStore,
  type Digest,
  type DirectoryInode,
  type ImageStore,
  type Inode,
  maxSmallBytes,
  writeImage,
} from '../../../src/index.ts';

interface Owned {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** One file of an image, in few words; a string is a file of this text. */
export type Sketch =
  | string
  | Buffer
  | ({ readonly content: string | Buffer } & Owned)
  | ({ readonly directory: true } & Owned)
  | ({ readonly target: string } & Owned)
  | ({ readonly fifo: true } & Owned);

/** By path; directories on the way are made, 0755 of root. */
export type Sketches = Readonly<Record<string, Sketch>>;

interface PlainEntry extends Required<Owned> {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo';
  readonly content: Buffer;
  readonly target: string;
}

/** The entries of a sketch, each directory before what is in it. */
export function entriesOf(sketches: Sketches): PlainEntry[] {
  const entries = new Map<string, PlainEntry>();
  for (const [path, sketch] of Object.entries(sketches)) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/');
      if (!entries.has(parent)) entries.set(parent, entryOf(parent, { directory: true }));
    }
    if (!entries.has(path) || !isDirectory(sketch)) entries.set(path, entryOf(path, sketch));
    else entries.set(path, { ...entryOf(path, sketch) });
  }
  return [...entries.values()];
}

/** Writes the files into a store of their own. */
export async function storedSketch(sketches: Sketches): Promise<ImageFiles> {
  const imageStore = createImageStore(createMemoryObjectStore(), null);
  return storedImageFiles(imageStore, await writeSketch(imageStore, sketches));
}

export async function writeSketch(imageStore: ImageStore, sketches: Sketches): Promise<Digest> {
  using spool = createFileSpool(tmpdir());
  const writer = imageStore.createWriter();
  const intake = createContentIntake(writer, spool);
  const tree = createFileTree(rootInode);
  for (const entry of entriesOf(sketches)) tree.put(entry.path, await inodeOf(entry, intake));
  const { digest } = await writeImage(imageStore, {
    tree,
    config: { architecture: 'amd64', os: 'linux', config: {} },
    diskBytes: 256 * 1024 * 1024,
    provenance: { kind: 'sketch' },
    writer,
  });
  return digest;
}

/** The same in memory. */
export function memorySketch(sketches: Sketches): ImageFiles {
  const entries = entriesOf(sketches).map((entry): [string, MemoryFile] => {
    const { path, type, mode, uid, gid, content, target } = entry;
    const owned = { type, mode, uid, gid };
    return [path, type === 'symlink' ? { ...owned, target } : { ...owned, content }];
  });
  return memoryFiles(Object.fromEntries(entries));
}

/** Over a base that holds none of it, everything is a change. */
export async function changedSketch(sketches: Sketches): Promise<ImageFiles> {
  const base = await storedSketch({
    'usr/share/old/file': 'removed with its directory',
    'etc/kept-directory/inside': 'hidden by what replaces the directory',
  });
  const entries = entriesOf(sketches).filter(({ type }) => type !== 'fifo');
  return changedFiles(base, [
    { kind: 'remove', path: 'usr' },
    { kind: 'remove', path: 'etc' },
    ...entries.map(changeOf),
  ]);
}

/** A tree on disk with the same files; needs root for what is owned by others. */
export async function sketchOnDisk(root: string, sketches: Sketches): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (const { path, type, mode, uid, gid, content, target } of entriesOf(sketches)) {
    const full = Buffer.from(join(root, path), 'latin1');
    mkdirSync(Buffer.from(dirname(full.toString('latin1')), 'latin1'), { recursive: true });
    if (type === 'directory') mkdirSync(full, { recursive: true });
    if (type === 'file') writeFileSync(full, content);
    if (type === 'symlink') symlinkSync(Buffer.from(target, 'latin1'), full);
    if (type === 'fifo') await runChecked('mkfifo', [full.toString('latin1')]);
    if (process.getuid?.() === 0) lchownSync(full, uid, gid);
    if (type !== 'symlink') chmodSync(full, mode);
  }
}

const common = { mtime: { sec: 1_700_000_000, nsec: 0 }, xattrs: [] };
const rootInode: DirectoryInode = { ...common, type: 'directory', mode: 0o755, uid: 0, gid: 0 };

async function inodeOf(
  entry: PlainEntry,
  intake: ReturnType<typeof createContentIntake>,
): Promise<Inode> {
  const { type, mode, uid, gid, content, target } = entry;
  const owned = { ...common, mode, uid, gid };
  if (type === 'symlink') return { ...owned, type, target };
  if (type !== 'file') return { ...owned, type };
  const sizeBytes = content.length;
  if (sizeBytes <= maxSmallBytes)
    return { ...owned, type, sizeBytes, content: intake.addSmall(content) };
  return { ...owned, type, sizeBytes, content: await intake.addFile(sizeBytes, whole(content)) };
}

async function* whole(bytes: Buffer): AsyncIterable<{ offset: number; bytes: Buffer }> {
  yield { offset: 0, bytes };
}

function changeOf({ path, type, mode, uid, gid, content, target }: PlainEntry): FileChange {
  const owned = { path, mode, uid, gid };
  if (type === 'file') return { ...owned, kind: type, content };
  if (type === 'symlink') return { ...owned, kind: type, target };
  return { ...owned, kind: 'directory' };
}

function isDirectory(sketch: Sketch): boolean {
  return typeof sketch === 'object' && 'directory' in sketch;
}

function entryOf(path: string, sketch: Sketch): PlainEntry {
  const plain =
    typeof sketch === 'string' || Buffer.isBuffer(sketch) ? { content: sketch } : sketch;
  const { uid = 0, gid = 0 } = plain;
  const at = { path, uid, gid, content: Buffer.alloc(0), target: '' };
  if ('directory' in plain) return { ...at, type: 'directory', mode: plain.mode ?? 0o755 };
  if ('fifo' in plain) return { ...at, type: 'fifo', mode: plain.mode ?? 0o644 };
  if ('target' in plain) return { ...at, type: 'symlink', mode: 0o777, target: plain.target };
  const { content } = plain;
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return { ...at, type: 'file', mode: plain.mode ?? 0o644, content: bytes };
}
