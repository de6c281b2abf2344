import type { BytePath } from '../bytes/byte-path.ts';
import type { entryTypes } from './format.ts';

/** A child as a directory lists it. */
export interface DirectoryEntry {
  readonly name: BytePath;
  readonly inodeNumber: number;
  readonly type: keyof typeof entryTypes;
}

/** What a directory's own blocks say of it. */
export interface DirectoryIdentity {
  readonly inodeNumber: number;
  readonly parentInodeNumber: number;
  /** The inode's checksum seed. */
  readonly seed: number;
}
