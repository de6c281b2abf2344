import type { PackLocation } from '../../../chunks/pack-format.ts';
import type { Digest } from '../../../digest/digest.ts';
import { blockBytes, blocksPerChunk, inodeBytes, inodesPerChunk } from '../../../ext4/format.ts';
import { inodeTablesStartOf } from '../../../ext4/geometry.ts';
import { chunkBytes } from '../../../tree/inode.ts';
import { findChunk, type ImageChunk } from '../../manifest-pages.ts';
import { pageChunks } from '../../manifest-page.ts';
import type { OpenImage } from '../../open-image.ts';
import { notRead, unsure } from './unsure.ts';

/** The disk of a stored image, of which those chunks are read that are asked for. */
export interface StoredDisk {
  /** Reads chunks by their indexes, together; those that were read are kept. */
  load(indexes: Iterable<number>): Promise<void>;
  /** Reads the pages of the manifest that have these chunks. */
  loadPlaces(indexes: Iterable<number>): Promise<void>;
  /** What is at an index of which the place was read; null for zeros. */
  digestAt(index: number): Digest | null;
  /** A chunk that was read, not to be changed. */
  chunk(index: number): Buffer;
  block(block: number): Buffer;
  record(inodeNumber: number): Buffer;
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
  /** Where what is at an index of which the place was read is stored; null for zeros. */
  locationAt(index: number): PackLocation | null;
}

/** Chunks that are held in memory: 64 MiB. */
const maxChunks = 1024;

export function createStoredDisk(image: OpenImage): StoredDisk {
  const firstSlab = firstSlabChunk(image.root.diskBytes);
  const diskChunks = image.root.diskBytes / chunkBytes;
  const pages = new Map<number, readonly ImageChunk[]>();
  const chunks = new Map<number, Buffer>();
  const loadPlaces = async (indexes: Iterable<number>): Promise<void> => {
    const missing = new Set<number>();
    for (const index of indexes) {
      if (!(index >= 0 && index < diskChunks)) unsure(`a chunk ${index} beyond the disk`);
      const page = Math.floor(index / pageChunks);
      if (!pages.has(page)) missing.add(page);
    }
    // From the last on: who reads them in order is taken for one who wants all.
    const numbers = [...missing].sort((left, right) => right - left);
    const read = await Promise.all(numbers.map((page) => image.chunksOfPage(page)));
    numbers.forEach((page, position) => pages.set(page, read[position] ?? []));
  };
  const chunkAt = (index: number): ImageChunk | null =>
    findChunk(pages.get(Math.floor(index / pageChunks)) ?? notRead('a place'), index);
  const chunk = (index: number): Buffer => chunks.get(index) ?? notRead('a chunk');
  return {
    loadPlaces,
    locationAt: (index) => chunkAt(index)?.location ?? null,
    digestAt: (index) => chunkAt(index)?.digest ?? null,
    chunksOfPage: image.chunksOfPage,
    async load(indexes) {
      const missing = [...new Set(indexes)].filter((index) => !chunks.has(index));
      if (chunks.size + missing.length > maxChunks) unsure('too many chunks');
      await loadPlaces(missing);
      const wanted = missing.map(chunkAt).filter((found) => found !== null);
      const plains = new Map<Digest, Buffer>();
      for await (const { digest, plain } of image.readChunks(wanted)) plains.set(digest, plain);
      for (const index of missing) {
        const found = chunkAt(index);
        const plain = found === null ? Buffer.alloc(chunkBytes) : plains.get(found.digest);
        chunks.set(index, plain ?? unsure('a chunk was not read'));
      }
    },
    chunk,
    block(block) {
      const start = (block % blocksPerChunk) * blockBytes;
      return chunk(Math.floor(block / blocksPerChunk)).subarray(start, start + blockBytes);
    },
    record(inodeNumber) {
      const { index, offset } = recordPlace(firstSlab, inodeNumber);
      return chunk(index).subarray(offset, offset + inodeBytes);
    },
  };
}

export function firstSlabChunk(diskBytes: number): number {
  return inodeTablesStartOf(diskBytes) / blocksPerChunk;
}

/** Where the record of an inode is: the index of the chunk, and the offset in it. */
export function recordPlace(
  firstSlab: number,
  inodeNumber: number,
): { readonly index: number; readonly offset: number } {
  return {
    index: firstSlab + Math.floor((inodeNumber - 1) / inodesPerChunk),
    offset: ((inodeNumber - 1) % inodesPerChunk) * inodeBytes,
  };
}

export function chunkOfBlock(block: number): number {
  return Math.floor(block / blocksPerChunk);
}

/** The chunks in which blocks are. */
export function chunksOfBlocks(first: number, count: number): number[] {
  if (count === 0) return [];
  const start = chunkOfBlock(first);
  const end = chunkOfBlock(first + count - 1) + 1;
  return Array.from({ length: end - start }, (_, index) => start + index);
}
