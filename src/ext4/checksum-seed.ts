import { crc32c, crc32cOfUint32 } from './crc32c.ts';

/** The seed of all metadata checksums of a file system: CRC-32C of its UUID. */
export function fileSystemSeed(uuid: Uint8Array): number {
  return crc32c(0xffffffff, uuid);
}

/** The seed of an inode's own blocks (directory, extent and index blocks) and record; generation is 0. */
export function inodeSeed(seed: number, inodeNumber: number): number {
  return crc32cOfUint32(crc32cOfUint32(seed, inodeNumber), 0);
}
