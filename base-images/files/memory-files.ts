import { type BytePath, nameOf, parentOf } from '../../src/index.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { imageFilesFrom } from './image-files-from.ts';

/** A file for tests and reconstructions. The mode is 0644 for files and 0755 for directories, the owner root, where they are left out. */
export interface MemoryFile {
  readonly type?: ImageFile['type'];
  /** Of a regular file; text is UTF-8. */
  readonly content?: Buffer | string;
  /** Of a symbolic link, which needs no type then. */
  readonly target?: BytePath;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Files that are held in memory, by path without a leading slash; text alone is a regular file. Directories on the way are made where no entry
 * makes them.
 */
export function memoryFiles(entries: Readonly<Record<BytePath, MemoryFile | string>>): ImageFiles {
  const files = new Map<BytePath, ImageFile>();
  const contents = new Map<BytePath, Buffer>();
  const children = new Map<BytePath, Set<BytePath>>();
  const add = (path: BytePath, entry: MemoryFile): void => {
    files.set(path, imageFileOf(path, entry));
    contents.set(path, contentOf(entry));
    if (path === '') return;
    const parent = parentOf(path);
    if (!files.has(parent)) add(parent, { type: 'directory' });
    const names = children.get(parent) ?? new Set();
    children.set(parent, names.add(nameOf(path)));
  };
  add('', { type: 'directory' });
  for (const [path, entry] of Object.entries(entries))
    add(path, typeof entry === 'string' ? { content: entry } : entry);
  return imageFilesFrom({
    lookup: (path) => Promise.resolve(files.get(path) ?? null),
    list: (directory) => Promise.resolve([...(children.get(directory) ?? [])]),
    read: ({ path }) => Promise.resolve(Buffer.from(contents.get(path) ?? '')),
  });
}

function imageFileOf(path: BytePath, entry: MemoryFile): ImageFile {
  const type = entry.type ?? (entry.target === undefined ? 'file' : 'symlink');
  return {
    path,
    type,
    mode: entry.mode ?? (type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    sizeBytes: type === 'file' ? contentOf(entry).length : 0,
    target: entry.target ?? null,
  };
}

function contentOf({ content = '' }: MemoryFile): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
