import { AshlarError } from '../errors/ashlar-error.ts';
import { chunkBytes } from '../tree/inode.ts';
import {
  blockBytes,
  blocksPerChunk,
  blocksPerGroup,
  descriptorBytes,
  inodesPerChunk,
} from './format.ts';

/**
 * Where the metadata of an ext4 image stands: superblock and descriptors, all block bitmaps, all inode bitmaps, all
 * inode tables, the journal, and then, from a chunk boundary to the end of the disk, data. Numbers are blocks of
 * 4 KiB unless their name says otherwise.
 */
export interface Geometry {
  readonly diskBytes: number;
  readonly blocks: number;
  readonly groups: number;
  readonly inodesPerGroup: number;
  readonly inodes: number;
  readonly descriptorBlocks: number;
  readonly blockBitmapsStart: number;
  readonly inodeBitmapsStart: number;
  readonly inodeTablesStart: number;
  readonly inodeTableBlocksPerGroup: number;
  readonly journalStart: number;
  readonly journalBlocks: number;
  /** First block of the data region; at a chunk boundary. */
  readonly dataStart: number;
  readonly dataChunks: number;
  /** Chunks of the inode tables: slabs of 256 inodes. */
  readonly inodeSlabs: number;
}

export const minDiskBytes = 16 * 1024 * 1024;

/** ext4 without the 64bit feature ends at 2^32 blocks. */
export const maxDiskBytes = 2 ** 32 * blockBytes;

const inodesPerGroupChoices = [8192, 16_384, 32_768] as const;

/**
 * The geometry of a disk of `diskBytes` (a multiple of 64 KiB, 16 MiB to 16 TiB) that can hold `slabs` slabs of inodes.
 * One inode for each 16 KiB, more where slabs would fill over half of the tables. Throws `invalid_request` for a bad
 * size and `image_too_large` when the inodes do not fit.
 */
export function planGeometry(diskBytes: number, slabs: number): Geometry {
  checkDiskBytes(diskBytes);
  const blocks = diskBytes / blockBytes;
  const groups = Math.ceil(blocks / blocksPerGroup);
  const slabsOf = (inodesPerGroup: number): number => (groups * inodesPerGroup) / inodesPerChunk;
  const [fewest, , most] = inodesPerGroupChoices;
  const roomy = inodesPerGroupChoices.find((choice) => slabsOf(choice) >= slabs * 2);
  const inodesPerGroup = roomy ?? most;
  if (slabsOf(inodesPerGroup) < slabs) {
    throw new AshlarError(
      'image_too_large',
      `a disk of ${diskBytes} bytes has no room for ${slabs * inodesPerChunk} inodes`,
      {
        data: { diskBytes, inodes: slabs * inodesPerChunk, minInodesPerGroup: fewest },
      },
    );
  }
  return geometryOf(diskBytes, inodesPerGroup);
}

function geometryOf(diskBytes: number, inodesPerGroup: number): Geometry {
  const blocks = diskBytes / blockBytes;
  const groups = Math.ceil(blocks / blocksPerGroup);
  const descriptorBlocks = Math.ceil((groups * descriptorBytes) / blockBytes);
  const blockBitmapsStart = 1 + descriptorBlocks;
  const inodeBitmapsStart = blockBitmapsStart + groups;
  const inodeTablesStart = roundUp(inodeBitmapsStart + groups, blocksPerChunk);
  const inodeTableBlocksPerGroup = (inodesPerGroup / inodesPerChunk) * blocksPerChunk;
  const journalStart = inodeTablesStart + groups * inodeTableBlocksPerGroup;
  const journalBlocks = journalBlocksOf(blocks);
  const dataStart = roundUp(journalStart + journalBlocks, blocksPerChunk);
  return {
    diskBytes,
    blocks,
    groups,
    inodesPerGroup,
    inodes: groups * inodesPerGroup,
    descriptorBlocks,
    blockBitmapsStart,
    inodeBitmapsStart,
    inodeTablesStart,
    inodeTableBlocksPerGroup,
    journalStart,
    journalBlocks,
    dataStart,
    dataChunks: Math.max(0, (blocks - dataStart) / blocksPerChunk),
    inodeSlabs: (groups * inodesPerGroup) / inodesPerChunk,
  };
}

/** The journal sizes of mke2fs up to 64 MiB, which is enough for a sandbox's root. */
function journalBlocksOf(blocks: number): number {
  if (blocks < 32_768) return 1024;
  if (blocks < 262_144) return 4096;
  if (blocks < 524_288) return 8192;
  return 16_384;
}

function checkDiskBytes(diskBytes: number): void {
  const valid =
    Number.isSafeInteger(diskBytes) &&
    diskBytes >= minDiskBytes &&
    diskBytes <= maxDiskBytes &&
    diskBytes % chunkBytes === 0;
  if (!valid) {
    throw new AshlarError('invalid_request', `not a possible disk size: ${diskBytes} bytes`, {
      data: { diskBytes },
      hint: 'Choose a multiple of 64 KiB from 16 MiB to 16 TiB.',
    });
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
