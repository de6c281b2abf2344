import { AshlarError } from '../errors/ashlar-error.ts';
import { inodesPerChunk, lostAndFoundInodeNumber, rootInodeNumber } from '../ext4/format.ts';
import type { CollectedInodes } from './collect-inodes.ts';
import type { EntryGroup } from './group-entries.ts';
import { directorySlabLimits, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
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
    for (const { inode, path, firstPath } of group.entries) {
      const planned = collected.byInode.get(inode);
      if (planned === undefined || firstPath !== path || planned === collected.root) continue;
      if (inode.type === 'directory') directories.push(planned);
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
 * Places in a slab are given in the order of one hash, each to the first free place in a row that starts and steps as
 * another hash says: an inode that comes or goes moves few others, even where the slab is nearly full.
 */
function numberSlab(slab: InodeSlab, firstNumber: number): void {
  if (slab.inodes.length > inodesPerChunk)
    throw new AshlarError('internal', `a slab of ${slab.inodes.length} inodes`);
  const ranked = slab.inodes
    .map((planned) => ({ planned, rank: pathHash(planned.path, salts.inodeRank) }))
    .toSorted(
      (left, right) => left.rank - right.rank || (left.planned.path < right.planned.path ? -1 : 1),
    );
  const taken = new Set<number>();
  for (const { planned } of ranked) {
    const hash = pathHash(planned.path, salts.inodeInSlab);
    // An odd step comes by every place of a slab before it comes back: their number is a power of two.
    const step = (hash >>> 16) | 1;
    let place = hash % inodesPerChunk;
    while (taken.has(place)) place = (place + step) % inodesPerChunk;
    taken.add(place);
    planned.inodeNumber = firstNumber + place;
  }
}
