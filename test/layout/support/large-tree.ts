import { createHash } from 'node:crypto';
import type { Content, FileInode, Inode } from '../../../src/tree/inode.ts';
import { directory, file } from './make-tree.ts';

/** Inodes by path, parents before children. */
export type TreeMap = Map<string, Inode>;

/** A file whose content is told by a label; another label gives other bytes. */
export function labelled(
  label: string,
  sizeBytes: number,
  bank: { contentOf(bytes: Buffer): Content },
): FileInode {
  const bytes = Buffer.alloc(sizeBytes, createHash('sha256').update(label).digest());
  return file({
    sizeBytes,
    content: bank.contentOf(bytes),
    mtime: { sec: 1_600_000_000, nsec: 0 },
  });
}

/**
 * A tree like that of a distribution: directories of very different fullness, sizes from nothing to a few hundred KiB,
 * most of them small. The same arguments give the same tree.
 */
export function largeTree(
  bank: { contentOf(bytes: Buffer): Content },
  options: { readonly files: number; readonly name?: string },
): TreeMap {
  const name = options.name ?? 'tree';
  const tree: TreeMap = new Map();
  const random = randomOf(name);
  const directories = [''];
  for (let made = 0; made < options.files;) {
    const parent = directories[Math.floor(random() ** 2 * directories.length)] ?? '';
    const path = `${parent === '' ? '' : `${parent}/`}d-${name}-${directories.length}`;
    directories.push(path);
    tree.set(path, directory());
    const count = Math.ceil(random() ** 3 * 80);
    for (let index = 0; index < count; index += 1, made += 1) {
      const child = `${path}/file-${index}`;
      const sizeBytes = Math.floor(random() ** 14 * 200_000) + Math.floor(random() * 3000);
      tree.set(child, labelled(child, sizeBytes, bank));
    }
  }
  return tree;
}

/** Numbers from 0 to 1 that depend on the seed alone. */
export function randomOf(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
