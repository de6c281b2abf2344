import { AshlarError } from '../errors/ashlar-error.ts';
import { inodesPerChunk, lostAndFoundInodeNumber, rootInodeNumber } from '../ext4/format.ts';
import { type CollectedInodes, firstNames } from './collect-inodes.ts';
import type { EntryGroup } from './group-entries.ts';
import { directorySlabLimits, salts } from './layout-parameters.ts';
import { pathHash, remix } from './path-hash.ts';
import { placeItems } from './place-items.ts';
import type { PlannedInode } from './planned-inode.ts';
import { splitSequence } from './split-sequence.ts';

/** A chunk of the inode tables: 256 records, of directories or of anything else, never of both. */
export interface InodeSlab {
  readonly kind: 'files' | 'directories';
  readonly key: string;
  readonly inodes: readonly PlannedInode[];
}

/**
 * Cuts the inodes into slabs: one for the files of each group, and others for directories, whose times differ from
 * build to build while those of files mostly do not.
 */
export function cutSlabs(groups: readonly EntryGroup[], collected: CollectedInodes): InodeSlab[] {
  const slabs: InodeSlab[] = [];
  const directories: PlannedInode[] = [];
  for (const group of groups) {
    const files: PlannedInode[] = [];
    for (const planned of firstNames(group, collected)) {
      if (planned === collected.root) continue;
      if (planned.inode.type === 'directory') directories.push(planned);
      else files.push(planned);
    }
    if (files.length > 0) slabs.push({ kind: 'files', key: group.key, inodes: files });
  }
  return [...slabs, ...cutDirectorySlabs(directories)];
}

function cutDirectorySlabs(directories: readonly PlannedInode[]): InodeSlab[] {
  const sequence = {
    weights: directories.map(() => 1),
    hashes: directories.map(({ path }) => pathHash(path, salts.directoryCut)),
  };
  return splitSequence(sequence, directorySlabLimits).map(({ start, end }) => ({
    kind: 'directories',
    key: directories[start]?.path ?? '',
    inodes: directories.slice(start, end),
  }));
}

/**
 * Gives every inode its number: its slab goes where the hash of the slab's first path says, its place in the slab is
 * where the hash of its own path says. The first slab is kept for the root, the journal and lost+found.
 */
export function numberInodes(
  slabs: readonly InodeSlab[],
  collected: CollectedInodes,
  slabCount: number,
): void {
  collected.root.inodeNumber = rootInodeNumber;
  if (collected.lostAndFound !== null) collected.lostAndFound.inodeNumber = lostAndFoundInodeNumber;
  const starts = placeItems(
    slabs.map((slab) => ({
      hash: pathHash(slab.key, slab.kind === 'files' ? salts.fileSlab : salts.directorySlab),
      key: `${slab.kind}:${slab.key}`,
      slots: 1,
    })),
    slabCount - 1,
  );
  if (starts === null)
    throw new AshlarError('internal', `no room for ${slabs.length} slabs in ${slabCount - 1}`);
  slabs.forEach((slab, index) => {
    const first = (1 + (starts[index] ?? 0)) * inodesPerChunk + 1;
    numberSlab(slab, first);
  });
}

/**
 * Places in a slab are given in the order of the inodes' hashes, each to the first free place in a row that starts and
 * steps as the hash says too: an inode that comes or goes moves few others, even where the slab is nearly full.
 */
function numberSlab(slab: InodeSlab, firstNumber: number): void {
  const { inodes } = slab;
  if (inodes.length > inodesPerChunk)
    throw new AshlarError('internal', `a slab of ${inodes.length} inodes`);
  // A hash with the position behind it: 40 bits. Equal hashes keep the order of the tree.
  const ranked = Float64Array.from(
    inodes,
    ({ path }, position) => pathHash(path, salts.inodeInSlab) * inodesPerChunk + position,
  ).sort();
  const taken = new Uint8Array(inodesPerChunk);
  for (const key of ranked) {
    const row = remix(Math.floor(key / inodesPerChunk));
    // An odd step comes by every place of a slab before it comes back: their number is a power of two.
    const step = (row >>> 16) | 1;
    let place = row % inodesPerChunk;
    while (taken[place] === 1) place = (place + step) % inodesPerChunk;
    taken[place] = 1;
    const planned = inodes[key % inodesPerChunk];
    if (planned !== undefined) planned.inodeNumber = firstNumber + place;
  }
}
