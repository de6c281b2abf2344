import type { BytePath } from '../../src/index.ts';

/** A file of an image, as its inode has it. */
export interface ImageFile {
  /** Where it lies, with no symbolic link on the way; without a leading slash, the root is ''. */
  readonly path: BytePath;
  readonly type: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** 0 for what is no regular file. */
  readonly sizeBytes: number;
  /** Of a symbolic link. */
  readonly target: BytePath | null;
}

/**
 * The files of an image, which is neither mounted nor run, nor changed. Paths have no leading slash. Symbolic links are
 * resolved within the image, as in a chroot.
 */
export interface ImageFiles {
  /** What has this name: links in the directories before it are followed, the last name is not. Null where nothing has it. */
  at(path: BytePath): Promise<ImageFile | null>;
  /** What the name leads to; null where a link leads to nothing, or in a circle. */
  follow(path: BytePath): Promise<ImageFile | null>;
  /** The names in the directory that the path leads to, sorted by their bytes; none where it leads to no directory. */
  names(path: BytePath): Promise<readonly BytePath[]>;
  /**
   * The bytes of the regular file that the path leads to; null where it leads to none. Throws `base_file_too_large` where it has more than
   * `maxBytes`, and what reading the image throws.
   */
  read(path: BytePath, options: { readonly maxBytes: number }): Promise<Buffer | null>;
}
