import { blockBytes } from './format.ts';

/**
 * The first block of an empty journal; the others are zero. Format: ext4 documentation, "Journal (jbd2)", super
 * block. Numbers are big-endian. The kernel adds the checksum features itself at the first writable mount.
 */
export function encodeJournalSuperblock(journalBlocks: number): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  bytes.writeUInt32BE(0xc03b3998, 0x00);
  bytes.writeUInt32BE(4, 0x04); // superblock, version 2
  bytes.writeUInt32BE(blockBytes, 0x0c);
  bytes.writeUInt32BE(journalBlocks, 0x10);
  bytes.writeUInt32BE(1, 0x14); // first block of log
  bytes.writeUInt32BE(1, 0x18); // first commit expected
  bytes.writeUInt32BE(1, 0x40); // one user
  return bytes;
}
