import { fileSystemSeed, inodeSeed } from '../ext4/checksum-seed.ts';
import { encodeExtentTree } from '../ext4/extent-tree.ts';
import {
  blockBytes,
  blocksPerChunk,
  inodeBytes,
  inodeFlags,
  inodesPerChunk,
  journalInodeNumber,
  lostAndFoundInodeNumber,
  modeTypeBits,
  rootInodeNumber,
} from '../ext4/format.ts';
import type { Geometry } from '../ext4/geometry.ts';
import { createGroupTable, type GroupTable } from '../ext4/group-table.ts';
import { sealInodeRecord, writeInodeRecord } from '../ext4/inode-record.ts';
import { encodeJournalSuperblock } from '../ext4/journal-superblock.ts';
import { encodeSuperblock, type SuperblockFields, superblockOffset } from '../ext4/superblock.ts';
import { chunkBytes, type Inode } from '../tree/inode.ts';
import { encodeInode, type PutBlock } from './encode-inode.ts';
import { directoryHashSeed, fileSystemUuid } from './layout-parameters.ts';
import type { LayoutPlan } from './plan-layout.ts';
import { dataBlocksOf, metadataBlocksOf, type PlannedInode } from './planned-inode.ts';

/**
 * Encodes all metadata of a planned image: superblock, descriptors, bitmaps, inode tables, journal, directories,
 * extent trees, xattr blocks. Gives whole chunks by their index on the disk, each as soon as it is complete and no two of
 * the same index; none of them is all zeros.
 */
export function* encodeMetadata(plan: LayoutPlan): Iterable<readonly [number, Buffer]> {
  const seed = fileSystemSeed(fileSystemUuid);
  const open = createOpenChunks();
  const firstSlabChunk = plan.geometry.inodeTablesStart / blocksPerChunk;
  const slabChunkOf = (inodeNumber: number): number =>
    firstSlabChunk + Math.floor((inodeNumber - 1) / inodesPerChunk);
  const recordOf = (inodeNumber: number): Buffer => {
    const offset = ((inodeNumber - 1) % inodesPerChunk) * inodeBytes;
    return open.at(slabChunkOf(inodeNumber)).subarray(offset, offset + inodeBytes);
  };
  const table = createGroupTable(plan.geometry);
  useOwnStructures(plan, table);
  for (const group of plan.groups) {
    const complete = new Set<number>();
    for (const planned of group.inodes) {
      encodeInode(planned, recordOf(planned.inodeNumber), seed, open.putBlock);
      useInode(planned, table);
      // The files of a group have a slab to themselves; directories share theirs with those of other groups.
      if (planned.inode.type !== 'directory') complete.add(slabChunkOf(planned.inodeNumber));
    }
    const first = group.startBlock / blocksPerChunk;
    for (let index = 0; index < group.metadataChunks; index += 1) complete.add(first + index);
    yield* open.take(complete);
  }
  encodeJournal(plan, recordOf(journalInodeNumber), seed, open.putBlock);
  encodeFront(plan, table, { seed, putBlock: open.putBlock });
  yield* open.takeAll();
}

interface OpenChunks {
  at(index: number): Buffer;
  readonly putBlock: PutBlock;
  /** Gives up those chunks that there are. */
  take(indexes: Iterable<number>): Iterable<readonly [number, Buffer]>;
  takeAll(): Iterable<readonly [number, Buffer]>;
}

/** Chunks that are being written. */
function createOpenChunks(): OpenChunks {
  const chunks = new Map<number, Buffer>();
  const at = (index: number): Buffer => {
    let chunk = chunks.get(index);
    if (chunk === undefined) {
      chunk = Buffer.alloc(chunkBytes);
      chunks.set(index, chunk);
    }
    return chunk;
  };
  return {
    at,
    putBlock(block, bytes) {
      bytes.copy(at(Math.floor(block / blocksPerChunk)), (block % blocksPerChunk) * blockBytes);
    },
    *take(indexes) {
      for (const index of indexes) {
        const chunk = chunks.get(index);
        if (chunk === undefined) continue;
        chunks.delete(index);
        yield [index, chunk];
      }
    },
    *takeAll() {
      yield* chunks;
      chunks.clear();
    },
  };
}

function useOwnStructures({ geometry }: LayoutPlan, table: GroupTable): void {
  table.useBlocks(0, geometry.inodeBitmapsStart + geometry.groups);
  table.useBlocks(
    geometry.inodeTablesStart,
    geometry.groups * geometry.inodeTableBlocksPerGroup + geometry.journalBlocks,
  );
  for (let inodeNumber = 1; inodeNumber < lostAndFoundInodeNumber; inodeNumber += 1) {
    // The root, which is one of these, is counted with the tree.
    if (inodeNumber !== rootInodeNumber) table.useInode(inodeNumber, 'other');
  }
}

function useInode(planned: PlannedInode, table: GroupTable): void {
  table.useInode(planned.inodeNumber, planned.inode.type === 'directory' ? 'directory' : 'other');
  const metadataBlocks = metadataBlocksOf(planned);
  if (metadataBlocks > 0) table.useBlocks(planned.metadataStart, metadataBlocks);
  if (dataBlocksOf(planned) === 0) return;
  for (const run of planned.dataRuns) table.useBlocks(planned.dataStart + run.offset, run.blocks);
}

function encodeJournal(plan: LayoutPlan, record: Buffer, seed: number, putBlock: PutBlock): void {
  const { journalStart, journalBlocks } = plan.geometry;
  const ownSeed = inodeSeed(seed, journalInodeNumber);
  const root = journalBlockField(plan.geometry, seed);
  writeInodeRecord(record, {
    mode: modeTypeBits.file | 0o600,
    uid: 0,
    gid: 0,
    sizeBytes: journalBlocks * blockBytes,
    links: 1,
    blocks: journalBlocks,
    flags: inodeFlags.extents,
    blockField: root,
    xattrBlock: 0,
    mtime: plan.collected.root.inode.mtime,
  });
  sealInodeRecord(record, ownSeed);
  putBlock(journalStart, encodeJournalSuperblock(journalBlocks));
}

function journalBlockField({ journalStart, journalBlocks }: Geometry, seed: number): Buffer {
  const extents = [{ logical: 0, physical: journalStart, blocks: journalBlocks }];
  return encodeExtentTree(extents, 0, inodeSeed(seed, journalInodeNumber)).root;
}

function encodeFront(
  plan: LayoutPlan,
  table: GroupTable,
  { seed, putBlock }: { readonly seed: number; readonly putBlock: PutBlock },
): void {
  const { geometry } = plan;
  const descriptors = table.encodeDescriptors(seed);
  for (let index = 0; index < geometry.descriptorBlocks; index += 1) {
    putBlock(1 + index, descriptors.subarray(index * blockBytes, (index + 1) * blockBytes));
  }
  for (const [block, bytes] of table.bitmapBlocks()) putBlock(block, bytes);
  const { freeBlocks, freeInodes } = table;
  const rootInode = plan.collected.root.inode;
  putBlock(0, encodeFirstBlock({ geometry, freeBlocks, freeInodes, rootInode }, seed));
}

/** The block with the superblock of an image; it takes its times from the root directory. */
export function encodeFirstBlock(
  disk: Pick<SuperblockFields, 'geometry' | 'freeBlocks' | 'freeInodes'> & {
    readonly rootInode: Pick<Inode, 'mtime'>;
  },
  seed: number,
): Buffer {
  const { geometry, freeBlocks, freeInodes, rootInode } = disk;
  const superblock = encodeSuperblock({
    geometry,
    uuid: fileSystemUuid,
    hashSeed: directoryHashSeed,
    freeBlocks,
    freeInodes,
    createdSec: rootInode.mtime.sec,
    journalBlockField: journalBlockField(geometry, seed),
  });
  const first = Buffer.alloc(blockBytes);
  superblock.copy(first, superblockOffset);
  return first;
}
