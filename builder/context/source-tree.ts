import type { BytePath } from '../../src/index.ts';

/**
 * Files to copy from: the build context, or the image of a stage. Paths are byte paths without a leading slash; the
 * root is ''. Nothing here follows a symbolic link; callers resolve paths first (`resolveInTree`).
 */
export interface SourceTree {
  /** As it is called in messages: `the build context`, `the stage build`. */
  readonly name: string;
  /** Null when there is nothing of that path. */
  lstat(path: BytePath): Promise<SourceEntry | null>;
  /** The names in a directory, in the order of their bytes, without `.` and `..`; none when it is no directory. */
  readdir(path: BytePath): Promise<readonly BytePath[]>;
  /** The content of a regular file, whole or with an error. */
  readFile(path: BytePath, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Why a path that people may expect is not there, as the end of a sentence; undefined when nothing is known. */
  explainMissing?(path: BytePath): Promise<string | undefined>;
}

export type SourceKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

export interface SourceEntry {
  readonly kind: SourceKind;
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file; 0 for all else. */
  readonly sizeBytes: number;
  /** Last modified. It goes into the image and counts for no digest. */
  readonly mtime: { readonly sec: number; readonly nsec: number };
  /** Of a symbolic link. */
  readonly target?: BytePath;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Sorted by name. */
  readonly xattrs?: readonly { readonly name: string; readonly value: Buffer }[];
  /** Of a regular file: equal for all its names. Left out where it is known to have one name alone. */
  readonly identity?: unknown;
  /** What the content can be known again by without reading it: for a file of this machine. */
  readonly stat?: FileStat;
  /** A name of the content that the tree has without reading it: equal names, equal bytes. */
  readonly contentKey?: string;
}

/** What changes when a file of this machine changes. */
export interface FileStat {
  /** Absolute. */
  readonly path: BytePath;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

export function compareBytes(left: BytePath, right: BytePath): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** The path of a name in a directory of the tree. */
export function joinBytes(parent: BytePath, name: BytePath): BytePath {
  return parent === '' ? name : `${parent}/${name}`;
}

/** The directory part of a path; '' for names in the root. */
export function parentPath(path: BytePath): BytePath {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

export function baseName(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}
