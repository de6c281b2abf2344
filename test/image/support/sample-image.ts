import { tmpdir } from 'node:os';
import { createContentIntake } from '../../../src/intake/content-intake.ts';
import { createFileSpool } from '../../../src/intake/file-spool.ts';
import type { ChunkWriter } from '../../../src/chunks/chunk-writer.ts';
import type { ImageConfig } from '../../../src/image/image-root.ts';
import type { ImageStore } from '../../../src/image/image-store.ts';
import { writeImage, type WrittenImage } from '../../../src/image/write-image.ts';
import { createFileTree } from '../../../src/tree/file-tree.ts';
import { type Inode, maxSmallBytes } from '../../../src/tree/inode.ts';

/** A file by its bytes, a symbolic link, or a second name of an earlier file. */
export type SampleEntry = Buffer | { readonly target: string } | { readonly sameAs: string };

export interface SampleOptions {
  readonly diskBytes?: number;
  readonly config?: ImageConfig;
  readonly writer?: ChunkWriter;
}

const mib = 1024 * 1024;
const common = { mode: 0o644, uid: 0, gid: 0, mtime: { sec: 1_700_000_000, nsec: 0 }, xattrs: [] };
const directory = { ...common, type: 'directory', mode: 0o755 } as const;
export const sampleConfig: ImageConfig = { architecture: 'amd64', os: 'linux', config: {} };

/** Writes an image with these files; directories are made as the paths need them. */
export async function writeSample(
  imageStore: ImageStore,
  files: Readonly<Record<string, SampleEntry>>,
  options: SampleOptions = {},
): Promise<WrittenImage> {
  using spool = createFileSpool(tmpdir());
  const writer = options.writer ?? imageStore.createWriter();
  const intake = createContentIntake(writer, spool);
  const tree = createFileTree(directory);
  const inodes = new Map<string, Inode>();
  for (const [path, entry] of Object.entries(files)) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/');
      if (tree.lookup(parent) === undefined) tree.put(parent, directory);
    }
    const inode = await inodeOf(entry, inodes);
    inodes.set(path, inode);
    tree.put(path, inode);
  }
  return await writeImage(imageStore, {
    tree,
    config: options.config ?? sampleConfig,
    diskBytes: options.diskBytes ?? 64 * mib,
    provenance: { kind: 'sample' },
    writer,
  });

  async function inodeOf(entry: SampleEntry, known: Map<string, Inode>): Promise<Inode> {
    if (Buffer.isBuffer(entry)) {
      const content =
        entry.length <= maxSmallBytes
          ? intake.addSmall(entry)
          : await intake.addFile(entry.length, segmentsOf(entry));
      return { ...common, type: 'file', sizeBytes: entry.length, content };
    }
    if ('target' in entry) return { ...common, type: 'symlink', mode: 0o777, target: entry.target };
    const inode = known.get(entry.sameAs);
    if (inode === undefined) throw new Error(`no file ${entry.sameAs}`);
    return inode;
  }
}

/** In pieces that do not fall on the borders of chunks. */
async function* segmentsOf(bytes: Buffer): AsyncIterable<{ offset: number; bytes: Buffer }> {
  const piece = 100_000;
  for (let offset = 0; offset < bytes.length; offset += piece)
    yield { offset, bytes: bytes.subarray(offset, offset + piece) };
}
