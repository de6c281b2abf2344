import type { BytePath } from '../bytes/byte-path.ts';
import { blockBytes, type entryTypes } from './format.ts';

/** A directory block ends in a tail of 12 bytes with its checksum (feature metadata_csum). */
export const usableBlockBytes = blockBytes - 12;

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

/** Bytes that a name takes in a directory block: 8, the name, padding to 4. */
export function directoryEntryBytes(name: BytePath): number {
  return 8 + ((name.length + 3) & ~3);
}
