import type { DirectoryInode } from '../../src/index.ts';

/** A directory that no archive describes: the root of an image without an entry for it, or a parent that is left out. */
export const impliedDirectory: DirectoryInode = Object.freeze({
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { sec: 0, nsec: 0 },
  xattrs: [],
});
