import type { BytePath } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';

/** Bytes in a chunk: the unit of addressing, of dedup and of reading, and the alignment of larger files. */
export const chunkBytes = 65_536;

/** A file of more than five blocks has chunks of its own; smaller ones share some. */
export const maxSmallBytes = 20_480;

/** Seconds since 1970 (may be negative) and nanoseconds within that second, 0 to 999,999,999. */
export interface Timestamp {
  readonly sec: number;
  readonly nsec: number;
}

export interface Xattr {
  /** With its namespace, as in `user.note`. */
  readonly name: string;
  readonly value: Buffer;
}

interface InodeBase {
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Sorted by name, each name once. */
  readonly xattrs: readonly Xattr[];
}

export interface DirectoryInode extends InodeBase {
  readonly type: 'directory';
}

export interface FileInode extends InodeBase {
  readonly type: 'file';
  readonly sizeBytes: number;
  readonly content: Content;
}

export interface SymlinkInode extends InodeBase {
  readonly type: 'symlink';
  readonly target: BytePath;
}

export interface DeviceInode extends InodeBase {
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

export interface PipeInode extends InodeBase {
  readonly type: 'fifo' | 'socket';
}

/**
 * What a name points to. Two names that are hard links of each other hold the same object, so identity
 * of objects is identity of inodes; a tree sees to it that no two of its directories share one. Inodes
 * are never changed, only replaced.
 */
export type Inode = DirectoryInode | FileInode | SymlinkInode | DeviceInode | PipeInode;

/**
 * The content of a file.
 *
 * - `zeros`: every byte is zero (or there is none); nothing is stored.
 * - `small`: 1 to 20,480 bytes, named by the BLAKE3 of exactly these bytes.
 * - `chunked`: more than that, cut at multiples of 65,536; the last chunk is padded with zeros. A chunk that is all zeros
 *   is left out.
 */
export type Content = ZeroContent | SmallContent | ChunkedContent;

export interface ZeroContent {
  readonly kind: 'zeros';
}

export interface SmallContent {
  readonly kind: 'small';
  readonly digest: Digest;
  readonly place: ContentPlace;
}

export interface ChunkedContent {
  readonly kind: 'chunked';
  /** In order of position, none empty, none touching the next. */
  readonly runs: readonly ChunkRun[];
}

export interface ChunkRun {
  /** Position of the first chunk in the file, in chunks. */
  readonly start: number;
  readonly digests: readonly Digest[];
}

/** Where the bytes of a small file can be read: inside a chunk of a stored image, or in a spool. */
export type ContentPlace =
  | { readonly in: 'chunk'; readonly chunk: Digest; readonly offset: number }
  | { readonly in: 'spool'; readonly spool: ContentSpool; readonly offset: number };

/** Small contents that are not in the store yet. */
export interface ContentSpool {
  /** Fills `target` with the bytes at `offset`; they were put there by the same spool. */
  readInto(target: Buffer, offset: number): void;
}

/** True when both have the same metadata; content and identity are not looked at. */
export function sameMetadata(left: Inode, right: Inode): boolean {
  return (
    left.type === right.type &&
    left.mode === right.mode &&
    left.uid === right.uid &&
    left.gid === right.gid &&
    left.mtime.sec === right.mtime.sec &&
    left.mtime.nsec === right.mtime.nsec &&
    sameXattrs(left.xattrs, right.xattrs)
  );
}

/** True when both have the same type and the same content, link target or device number. */
export function sameContent(left: Inode, right: Inode): boolean {
  if (left.type === 'file' && right.type === 'file') {
    return left.sizeBytes === right.sizeBytes && sameBytes(left.content, right.content);
  }
  if (left.type === 'symlink' && right.type === 'symlink') return left.target === right.target;
  if ('major' in left && 'major' in right) {
    return left.type === right.type && left.major === right.major && left.minor === right.minor;
  }
  return left.type === right.type;
}

function sameBytes(left: Content, right: Content): boolean {
  if (left.kind === 'small' && right.kind === 'small') return left.digest === right.digest;
  if (left.kind === 'chunked' && right.kind === 'chunked') {
    return (
      left.runs.length === right.runs.length &&
      left.runs.every((run, index) => {
        const other = right.runs[index];
        return (
          other !== undefined &&
          run.start === other.start &&
          run.digests.length === other.digests.length &&
          run.digests.every((digest, position) => digest === other.digests[position])
        );
      })
    );
  }
  return left.kind === right.kind;
}

function sameXattrs(left: readonly Xattr[], right: readonly Xattr[]): boolean {
  return (
    left.length === right.length &&
    left.every((xattr, index) => {
      const other = right[index];
      return other !== undefined && xattr.name === other.name && xattr.value.equals(other.value);
    })
  );
}
