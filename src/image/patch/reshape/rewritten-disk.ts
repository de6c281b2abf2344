import type { PackLocation } from '../../../chunks/pack-format.ts';
import type { Digest } from '../../../digest/digest.ts';
import { blockBytes, blocksPerChunk, inodeBytes } from '../../../ext4/format.ts';
import type { LayoutSink } from '../../../layout/write-layout.ts';
import { chunkBytes } from '../../../tree/inode.ts';
import { chunkOfBlock, firstSlabChunk, recordPlace, type StoredDisk } from './stored-disk.ts';
import { unsure } from './unsure.ts';

/** A disk that is made of a stored one: chunks are given up, others are put, blocks are written. */
export interface RewrittenDisk {
  /** Gives up a chunk that has this content; any, where that is null. */
  release(index: number, expected: Digest | null): void;
  /** Puts a chunk of content where none is any more. */
  place(index: number, digest: Digest): void;
  /** Begins a chunk of metadata with zeros, where none is any more. */
  begin(index: number): void;
  /** A block to be changed, of a chunk that was begun, or else as it is stored. */
  block(block: number): Buffer;
  record(inodeNumber: number): Buffer;
  /** Where that of what was given up is stored; undefined for anything else. */
  locate(digest: Digest): PackLocation | undefined;
  /** Stores what was written; gives what is at each index that was touched, null for zeros. */
  store(storeChunk: LayoutSink['storeChunk']): Promise<Map<number, Digest | null>>;
}

export function createRewrittenDisk(stored: StoredDisk, diskBytes: number): RewrittenDisk {
  const firstSlab = firstSlabChunk(diskBytes);
  const digests = new Map<number, Digest | null>();
  const open = new Map<number, Buffer>();
  const locations = new Map<Digest, PackLocation>();
  const expectFree = (index: number): void => {
    const there = digests.has(index) ? digests.get(index) : stored.digestAt(index);
    if (open.has(index) || (there ?? null) !== null) unsure('a place that is not free');
  };
  const chunk = (index: number): Buffer => {
    const known = open.get(index);
    if (known !== undefined) return known;
    if (digests.has(index)) unsure('a chunk that is written to was given up');
    const bytes = Buffer.from(stored.chunk(index));
    open.set(index, bytes);
    return bytes;
  };
  return {
    release(index, expected) {
      const there = stored.digestAt(index);
      if (there === null || (expected !== null && there !== expected) || digests.has(index))
        unsure('a chunk that is not where it should be');
      const location = stored.locationAt(index);
      if (location !== null) locations.set(there, location);
      digests.set(index, null);
    },
    place(index, digest) {
      expectFree(index);
      digests.set(index, digest);
    },
    begin(index) {
      expectFree(index);
      open.set(index, Buffer.alloc(chunkBytes));
    },
    block(block) {
      const start = (block % blocksPerChunk) * blockBytes;
      return chunk(chunkOfBlock(block)).subarray(start, start + blockBytes);
    },
    record(inodeNumber) {
      const { index, offset } = recordPlace(firstSlab, inodeNumber);
      return chunk(index).subarray(offset, offset + inodeBytes);
    },
    locate: (digest) => locations.get(digest),
    async store(storeChunk) {
      for (const [index, bytes] of open) {
        const isZero = bytes.equals(zeros);
        digests.set(index, isZero ? null : await storeChunk(bytes, 'metadata'));
      }
      return digests;
    },
  };
}

const zeros = Buffer.alloc(chunkBytes);
