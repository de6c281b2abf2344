import { type BytePath, toDisplay } from '../../bytes/byte-path.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import {
  blockBytes,
  blocksPerChunk,
  inodeBytes,
  inodesPerChunk,
  rootInodeNumber,
} from '../../ext4/format.ts';
import { inodeTablesStartOf } from '../../ext4/geometry.ts';
import { readDirectoryBlock } from '../../ext4/read-directory.ts';
import { findContentStart, readInodeRecord } from '../../ext4/read-inode.ts';
import { cached } from '../../flow/remember.ts';
import type { StandingInode } from '../../layout/renew-inode.ts';
import { nameOf, parentOf } from '../../tree/file-tree.ts';
import { chunkBytes } from '../../tree/inode.ts';
import type { OpenImage } from '../open-image.ts';

/** Finds inodes on the disk of a stored image, on which the tree says nothing of their numbers. */
export interface StandingInodes {
  /** Throws `manifest_corrupt` when the disk has no such inode, and the codes of reading chunks. */
  find(path: BytePath): Promise<StandingInode>;
  /** Where the record of an inode is on the disk. */
  recordPlace(inodeNumber: number): { readonly chunk: number; readonly offset: number };
}

/** Chunks and directories that are kept: 4 MiB, and the names of the directories. */
const cachedChunks = 64;
const cachedDirectories = 256;

export function createStandingInodes(image: OpenImage): StandingInodes {
  const firstSlab = inodeTablesStartOf(image.root.diskBytes) / blocksPerChunk;
  const recordPlace: StandingInodes['recordPlace'] = (inodeNumber) => ({
    chunk: firstSlab + Math.floor((inodeNumber - 1) / inodesPerChunk),
    offset: ((inodeNumber - 1) % inodesPerChunk) * inodeBytes,
  });
  const readChunk = cached(cachedChunks, async (index: number): Promise<Buffer> => {
    if (index * chunkBytes >= image.root.diskBytes)
      throw new RangeError(`needs chunk ${index} of the disk`);
    const chunk = await image.readChunk(index);
    return chunk ?? Buffer.alloc(chunkBytes);
  });
  const readBlock = async (block: number): Promise<Buffer> => {
    const start = (block % blocksPerChunk) * blockBytes;
    return (await readChunk(Math.floor(block / blocksPerChunk))).subarray(
      start,
      start + blockBytes,
    );
  };
  const readInode = async (inodeNumber: number): Promise<StandingInode> => {
    const { chunk, offset } = recordPlace(inodeNumber);
    const record = (await readChunk(chunk)).subarray(offset, offset + inodeBytes);
    const start = await findContentStart(record, readBlock);
    return { inodeNumber, record, ...readInodeRecord(record), ...start };
  };
  const namesOf = cached(cachedDirectories, async (path: BytePath) => {
    const { sizeBytes, dataStart } = await readInode(await numberOf(path));
    const names = new Map<BytePath, number>();
    for (let block = 0; block < sizeBytes / blockBytes; block += 1)
      for (const { name, inodeNumber } of readDirectoryBlock(await readBlock(dataStart + block)))
        names.set(name, inodeNumber);
    return names;
  });
  const numberOf = async (path: BytePath): Promise<number> => {
    if (path === '') return rootInodeNumber;
    const inodeNumber = (await namesOf(parentOf(path))).get(nameOf(path));
    if (inodeNumber !== undefined) return inodeNumber;
    throw new RangeError('is not in its directory');
  };
  return {
    recordPlace,
    async find(path) {
      try {
        return await readInode(await numberOf(path));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new AshlarError(
          'manifest_corrupt',
          `the disk of ${image.digest} is damaged: /${toDisplay(path)} ${error.message}`,
          { data: { image: image.digest, path: toDisplay(path) }, cause: error },
        );
      }
    },
  };
}
