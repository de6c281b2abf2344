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

/** ext4 without the 64bit feature has at most 2^32 - 1 blocks, of which whole chunks are used. */
export const maxDiskBytes = 2 ** 32 * blockBytes - chunkBytes;

/** What a disk has to hold. */
export interface GeometryNeeds {
  /** Chunks of the inode tables. */
  readonly inodeSlabs: number;
  readonly dataChunks: number;
}

const inodesPerGroupChoices = [8192, 16_384, 32_768] as const;
const mib = 1024 * 1024;
const suggestedUnitBytes = 64 * mib;

/**
 * The geometry of a disk of `diskBytes` (a multiple of 64 KiB from 16 MiB to below 16 TiB) that can hold what is needed.
 * One inode for each 16 KiB, more where slabs would fill over seven eighths of the tables: with other
 * tables every inode has another number. Throws `invalid_request` for a bad
 * size, and `image_too_large` with a size that would do when this one does not.
 */
export function planGeometry(diskBytes: number, needs: GeometryNeeds): Geometry {
  checkDiskBytes(diskBytes);
  const geometry = geometryFor(diskBytes, needs.inodeSlabs);
  if (geometry === null || geometry.dataChunks < needs.dataChunks)
    throw tooLarge(diskBytes, needs, geometry);
  return geometry;
}

function geometryFor(diskBytes: number, inodeSlabs: number): Geometry | null {
  const groups = groupsOf(diskBytes);
  const slabsOf = (inodesPerGroup: number): number => (groups * inodesPerGroup) / inodesPerChunk;
  const roomy = inodesPerGroupChoices.find((choice) => slabsOf(choice) * 7 >= inodeSlabs * 8);
  const [, , most] = inodesPerGroupChoices;
  const inodesPerGroup = roomy ?? most;
  return slabsOf(inodesPerGroup) < inodeSlabs ? null : geometryOf(diskBytes, inodesPerGroup);
}

function tooLarge(diskBytes: number, needs: GeometryNeeds, geometry: Geometry | null): AshlarError {
  const neededMib = (sufficientDiskBytes(needs) ?? 0) / mib;
  const what =
    geometry === null
      ? `${needs.inodeSlabs * inodesPerChunk} inodes; a disk of ${diskBytes / mib} MiB has fewer`
      : `${Math.ceil((needs.dataChunks * chunkBytes) / mib)} MiB for data; a disk of ${diskBytes / mib} MiB has ${Math.floor((geometry.dataChunks * chunkBytes) / mib)} MiB`;
  return new AshlarError('image_too_large', `the image needs ${what}`, {
    data: { diskBytes, dataBytes: needs.dataChunks * chunkBytes, neededMib },
    hint:
      neededMib > 0
        ? `Ask for a larger disk: --disk ${neededMib}M, and more for what the machine will write.`
        : 'Put less into the image: no disk below 16 TiB holds it.',
  });
}

/** A multiple of 64 MiB, not much larger than it must be, that holds what is needed; null when none does. */
function sufficientDiskBytes(needs: GeometryNeeds): number | null {
  let diskBytes = roundUp(minDiskBytes + needs.dataChunks * chunkBytes, suggestedUnitBytes);
  while (diskBytes <= maxDiskBytes) {
    const geometry = geometryFor(diskBytes, needs.inodeSlabs);
    const missingChunks = geometry === null ? 1 : needs.dataChunks - geometry.dataChunks;
    if (missingChunks <= 0) return diskBytes;
    diskBytes += roundUp(missingChunks * chunkBytes, suggestedUnitBytes);
  }
  return null;
}

/** The first block of the inode tables, which depends on the size of the disk alone; at a chunk boundary. */
export function inodeTablesStartOf(diskBytes: number): number {
  const groups = groupsOf(diskBytes);
  return roundUp(1 + descriptorBlocksOf(groups) + 2 * groups, blocksPerChunk);
}

function groupsOf(diskBytes: number): number {
  return Math.ceil(diskBytes / (blocksPerGroup * blockBytes));
}

function geometryOf(diskBytes: number, inodesPerGroup: number): Geometry {
  const blocks = diskBytes / blockBytes;
  const groups = groupsOf(diskBytes);
  const descriptorBlocks = descriptorBlocksOf(groups);
  const blockBitmapsStart = 1 + descriptorBlocks;
  const inodeBitmapsStart = blockBitmapsStart + groups;
  const inodeTablesStart = inodeTablesStartOf(diskBytes);
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

function descriptorBlocksOf(groups: number): number {
  return Math.ceil((groups * descriptorBytes) / blockBytes);
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
      hint: `Choose a multiple of 64 KiB from 16 MiB to just below 16 TiB (${maxDiskBytes}).`,
    });
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
