import {
  AshlarError,
  type BytePath,
  followLinksSlowly,
  joinPath,
  toDisplay,
} from '../../src/index.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';

/** Where files are found by the very path at which they lie: nothing in it is a symbolic link, `.` or `..`. */
export interface PlainFiles {
  /** Null where there is nothing. The parent is known to be a directory. */
  lookup(path: BytePath): Promise<ImageFile | null>;
  /** The names in a directory, in any order. */
  list(directory: BytePath): Promise<readonly BytePath[]>;
  /** The bytes of a regular file, whose size is known to be allowed. */
  read(file: ImageFile): Promise<Buffer>;
}

/** Follows links for files that are found by plain paths, in the one way that all implementations share. */
export function imageFilesFrom(plain: PlainFiles): ImageFiles {
  const follow = async (path: BytePath): Promise<ImageFile | null> => {
    const root = await plain.lookup('');
    if (root === null) return null;
    const way = await followLinksSlowly<ImageFile>(
      {
        path,
        root,
        targetOf: ({ target }) => target ?? undefined,
        leadsOn: (file) => file?.type === 'directory',
      },
      async (parent, name) => (await plain.lookup(joinPath(parent.path, name))) ?? undefined,
    );
    return way.isDeadEnd ? null : (way.node ?? null);
  };
  const at = async (path: BytePath): Promise<ImageFile | null> => {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    const last = names.pop();
    if (last === undefined || last === '..') return follow(path);
    const parent = await follow(names.join('/'));
    return parent?.type === 'directory' ? plain.lookup(joinPath(parent.path, last)) : null;
  };
  return {
    at,
    follow,
    async names(path) {
      const directory = await follow(path);
      if (directory?.type !== 'directory') return [];
      return (await plain.list(directory.path)).toSorted();
    },
    async read(path, { maxBytes }) {
      const file = await follow(path);
      if (file?.type !== 'file') return null;
      if (file.sizeBytes > maxBytes) throw tooLarge(file, maxBytes);
      return plain.read(file);
    },
  };
}

function tooLarge({ path, sizeBytes }: ImageFile, maxBytes: number): AshlarError {
  const shown = `/${toDisplay(path)}`;
  return new AshlarError(
    'base_file_too_large',
    `${shown} of the base image has ${sizeBytes} bytes, and ${maxBytes} are allowed`,
    { data: { path: shown, sizeBytes, maxBytes } },
  );
}
