import type { BytePath } from '../bytes/byte-path.ts';

export type TarEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'char'
  | 'block'
  | 'fifo';

export interface TarXattr {
  /** With its namespace, one character a byte (latin1), 1 to 255 bytes, no NUL. */
  readonly name: string;
  readonly value: Buffer;
}

export interface TarEntry {
  /**
   * No leading `/` or `./`, no trailing `/`, no `.` or `..` or empty component; `''` is the root directory
   * itself (and nothing but a directory has that path).
   */
  readonly path: BytePath;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  /** 0 to 4,294,967,294. */
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, rounded down; negative before. */
  readonly mtimeSec: number;
  /** 0 to 999,999,999, to be added to `mtimeSec`. */
  readonly mtimeNsec: number;
  /** Logical size of a file's content, holes included; 0 for all other types. */
  readonly sizeBytes: number;
  /** symlink: the raw bytes, never empty; hardlink: normalised like `path`, never `''`; else `''`. */
  readonly linkTarget: BytePath;
  /** Of a char or block device, 0 to 4,294,967,295; else 0. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Sorted by name (byte order), each name once. */
  readonly xattrs: readonly TarXattr[];
}

/** Bytes of a file's content at `offset`. What lies between segments, or behind the last, is zeros. */
export interface TarSegment {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Of tar's records; bodies and headers are padded to it. */
export const blockBytes = 512;

/** The bytes from `sizeBytes` to the next multiple of 512. */
export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/** The largest owner or group number: 4,294,967,295 means "none" to chown(2). */
export const maxId = 0xffff_fffe;

export const maxDeviceNumber = 0xffff_ffff;
