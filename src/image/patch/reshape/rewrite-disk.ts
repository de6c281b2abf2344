import type { BytePath } from '../../../bytes/byte-path.ts';
import type { Digest } from '../../../digest/digest.ts';
import { fileSystemSeed } from '../../../ext4/checksum-seed.ts';
import type { UsedParts } from '../../../ext4/edit-group-table.ts';
import { blocksPerChunk, inodeBytes } from '../../../ext4/format.ts';
import { encodeInode } from '../../../layout/encode-inode.ts';
import { fileSystemUuid } from '../../../layout/layout-parameters.ts';
import { binKey } from '../../../layout/pack-bins.ts';
import {
  dataBlocksOf,
  metadataBlocksOf,
  type PlannedInode,
} from '../../../layout/planned-inode.ts';
import { type LayoutSink, ownChunks, writeBin } from '../../../layout/write-layout.ts';
import { rememberBins } from '../../load-tree.ts';
import { changedDirectories } from './changed-directories.ts';
import { frontBlocks, rewriteFront } from './rewrite-front.ts';
import { completeInodes, type KnownGroup } from './known-group.ts';
import type { LaidOut, LeftGroup } from './next-layout.ts';
import { type RenumberedInodes, type RenumberRequest, slabChunks } from './renumber-inodes.ts';
import type { RewrittenDisk } from './rewritten-disk.ts';
import { chunkOfBlock, chunksOfBlocks } from './stored-disk.ts';
import { unsure } from './unsure.ts';

export interface RewriteRequest extends RenumberRequest {
  readonly numbers: RenumberedInodes;
  readonly rewritten: RewrittenDisk;
  readonly sink: LayoutSink;
}

export interface RewrittenChunks {
  /** What is at each index that was touched, null for zeros. */
  readonly digests: ReadonlyMap<number, Digest | null>;
  /** Digests of the bins of each group that is laid out anew. */
  readonly bins: ReadonlyMap<KnownGroup, readonly Digest[]>;
}

const seed = fileSystemSeed(fileSystemUuid);

/**
 * Makes the changed disk out of the stored one: what is left is given up, what is entered takes its places, and directories
 * that tell of it are written anew. Before that, all that is left is held against the disk: of one that was laid out in
 * another way, nothing is known.
 */
export async function rewriteDisk(request: RewriteRequest): Promise<RewrittenChunks> {
  const { layout, numbers, disk, rewritten } = request;
  for (const { group } of layout.left) completeInodes(group.inodes, numbers.before);
  for (const { group } of layout.entered) completeInodes(group.inodes, numbers.after);
  const directories = await changedDirectories(request);
  const left = [...inodesOf(layout.left), ...directories.map(({ before }) => before)];
  const entered = [...inodesOf(layout.entered), ...directories.map(({ after }) => after)];
  const changes = {
    freed: usedParts(
      inodesOf(layout.left),
      directories.map(({ before }) => before),
    ),
    used: usedParts(
      inodesOf(layout.entered),
      directories.map(({ after }) => after),
    ),
  };
  await loadTouched(request, left, entered);
  await disk.load(frontBlocks(layout.before.geometry, changes).map(chunkOfBlock));
  for (const planned of left) expectStored(request, planned);

  for (const one of layout.left) releaseGroup(request, rewritten, one);
  takeSlabs(request, rewritten, { left, entered });
  for (const { group } of layout.entered) {
    const first = chunkOfBlock(group.startBlock);
    for (let index = 0; index < group.metadataChunks; index += 1) rewritten.begin(first + index);
  }
  for (const planned of entered) {
    const record = rewritten.record(planned.inodeNumber).fill(0);
    encodeInode(planned, record, seed, (block, bytes) => bytes.copy(rewritten.block(block)));
  }
  const bins = await placeContents(request, rewritten);
  rewriteFront(request, rewritten, { changes, seed });
  return { digests: await rewritten.store(request.sink.storeChunk), bins };
}

function inodesOf(groups: readonly LaidOut[]): PlannedInode[] {
  return groups.flatMap(({ group }) => group.inodes);
}

function usedParts(
  inodes: readonly PlannedInode[],
  directories: readonly PlannedInode[],
): UsedParts {
  const runs = inodes.flatMap((planned) => [
    { first: planned.metadataStart, count: metadataBlocksOf(planned) },
    ...(dataBlocksOf(planned) === 0 ? [] : planned.dataRuns).map(({ offset, blocks }) => ({
      first: planned.dataStart + offset,
      count: blocks,
    })),
  ]);
  return {
    blocks: runs.filter(({ count }) => count > 0),
    inodes: [...inodes, ...directories].map(({ inode, inodeNumber }) => ({
      inodeNumber,
      kind: inode.type === 'directory' ? 'directory' : 'other',
    })),
  };
}

/** Reads what is held against the plan, the slabs of directories, and the places of all that is given up or taken. */
async function loadTouched(
  { disk, layout }: RewriteRequest,
  left: readonly PlannedInode[],
  entered: readonly PlannedInode[],
): Promise<void> {
  const { inodeTablesStart } = layout.before.geometry;
  const slabsOf = (inodes: readonly PlannedInode[]): Set<number> =>
    slabChunks(
      inodes.map(({ inodeNumber }) => inodeNumber),
      inodeTablesStart,
    );
  const blocks = left.flatMap((planned) =>
    chunksOfBlocks(planned.metadataStart, metadataBlocksOf(planned)),
  );
  const directories = entered.filter(({ inode }) => inode.type === 'directory');
  await disk.load([...slabsOf(left), ...slabsOf(directories), ...blocks]);
  const stretches = [...layout.left, ...layout.entered].flatMap(({ group }) =>
    chunksOfBlocks(group.startBlock, group.outline.chunks * blocksPerChunk),
  );
  const own = [...left, ...entered].flatMap((planned) =>
    [...ownChunks(planned)].map(([index]) => index),
  );
  const slabs = [layout.before, layout.after].flatMap(({ directorySlabs }) => [
    ...slabChunks(directorySlabs, inodeTablesStart),
  ]);
  await disk.loadPlaces([...stretches, ...own, ...slabs, ...slabsOf(entered)]);
}

function expectStored({ disk }: RewriteRequest, planned: PlannedInode): void {
  const record = Buffer.alloc(inodeBytes);
  encodeInode(planned, record, seed, (block, bytes) => {
    if (!bytes.equals(disk.block(block))) unsure(`another block of ${planned.path}`);
  });
  if (!record.equals(disk.record(planned.inodeNumber))) unsure(`another record of ${planned.path}`);
}

function releaseGroup(
  { pages, layout }: RewriteRequest,
  rewritten: RewrittenDisk,
  { group, firstNumber, page }: LeftGroup,
): void {
  const first = chunkOfBlock(group.startBlock);
  for (let index = 0; index < group.metadataChunks; index += 1)
    rewritten.release(first + index, null);
  const { bins } = pages.at(page).page;
  if (bins.length !== group.bins.length) unsure('other bins');
  bins.forEach((digest, index) => rewritten.release(first + group.metadataChunks + index, digest));
  for (const planned of group.inodes)
    for (const [index, digest] of ownChunks(planned)) rewritten.release(index, digest);
  if (firstNumber === null) return;
  for (const index of slabChunks([firstNumber], layout.before.geometry.inodeTablesStart))
    rewritten.release(index, null);
}

/** Gives up slabs and begins others; in slabs of directories that stay, forgets those of another number now. */
function takeSlabs(
  { layout }: RewriteRequest,
  rewritten: RewrittenDisk,
  { left, entered }: Record<'left' | 'entered', readonly PlannedInode[]>,
): void {
  const { inodeTablesStart } = layout.before.geometry;
  const before = slabChunks(layout.before.directorySlabs, inodeTablesStart);
  const after = slabChunks(layout.after.directorySlabs, inodeTablesStart);
  for (const index of before) if (!after.has(index)) rewritten.release(index, null);
  for (const index of after) if (!before.has(index)) rewritten.begin(index);
  for (const { firstNumber } of layout.entered) {
    if (firstNumber === null) continue;
    for (const index of slabChunks([firstNumber], inodeTablesStart)) rewritten.begin(index);
  }
  const numbers = new Map<BytePath, number>(
    entered.map(({ path, inodeNumber }) => [path, inodeNumber]),
  );
  for (const { path, inode, inodeNumber } of left) {
    if (inode.type !== 'directory' || numbers.get(path) === inodeNumber) continue;
    const [index] = slabChunks([inodeNumber], inodeTablesStart);
    if (index !== undefined && before.has(index) && after.has(index))
      rewritten.record(inodeNumber).fill(0);
  }
}

/** Puts the contents of groups into their places; bins are put together that no page knows. */
async function placeContents(
  { pages, layout, sink }: RewriteRequest,
  rewritten: RewrittenDisk,
): Promise<Map<KnownGroup, readonly Digest[]>> {
  const known = new Map<string, Digest>();
  for (const { page } of layout.left) rememberBins(pages.at(page).page, known);
  const placed = new Map<KnownGroup, readonly Digest[]>();
  for (const { group } of layout.entered) {
    const first = chunkOfBlock(group.startBlock) + group.metadataChunks;
    const digests: Digest[] = [];
    for (const bin of group.bins) {
      const key = binKey(bin.items);
      const digest = known.get(key) ?? (await writeBin(bin, sink));
      known.set(key, digest);
      rewritten.place(first + digests.length, digest);
      digests.push(digest);
    }
    placed.set(group, digests);
    for (const planned of group.inodes)
      for (const [index, digest] of ownChunks(planned)) rewritten.place(index, digest);
  }
  return placed;
}
