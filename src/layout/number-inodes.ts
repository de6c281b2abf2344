import type { BytePath } from '../bytes/byte-path.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { inodesPerChunk, lostAndFoundInodeNumber, rootInodeNumber } from '../ext4/format.ts';
import { type CollectedInodes, firstNames } from './collect-inodes.ts';
import type { EntryGroup } from './group-entries.ts';
import { directoryHash, type SlabOutline } from './layout-outline.ts';
import { directorySlabLimits, salts } from './layout-parameters.ts';
import { pathHash, remix } from './path-hash.ts';
import type { OutlinePlaces } from './place-outline.ts';
import type { PlannedInode } from './planned-inode.ts';
import { cutSequence, type WeighedSequence } from './split-sequence.ts';

/** Chunks of the inode tables: 256 records each, of directories or of anything else, never of both. */
export interface InodeSlabs {
  /** For each group what is no directory; none where there is nothing else. */
  readonly files: readonly (readonly PlannedInode[])[];
  readonly directories: readonly DirectorySlab[];
}

export interface DirectorySlab {
  readonly outline: SlabOutline;
  readonly inodes: readonly PlannedInode[];
}

/**
 * Cuts the inodes into slabs: one for the files of each group, and others for directories, whose times differ from
 * build to build while those of files mostly do not.
 */
export function cutSlabs(groups: readonly EntryGroup[], collected: CollectedInodes): InodeSlabs {
  const directories: PlannedInode[] = [];
  const files = groups.map((group) => {
    const own: PlannedInode[] = [];
    for (const planned of firstNames(group, collected)) {
      if (planned === collected.root) continue;
      if (planned.inode.type === 'directory') directories.push(planned);
      else own.push(planned);
    }
    return own;
  });
  return { files, directories: cutDirectorySlabs(directories) };
}

function cutDirectorySlabs(directories: readonly PlannedInode[]): DirectorySlab[] {
  const sequence = directorySequence(directories.map(({ path }) => path));
  return cutSequence(sequence, directorySlabLimits).map(({ start, end, ...cut }) => ({
    outline: { ...cut, key: directories[start]?.path ?? '' },
    inodes: directories.slice(start, end),
  }));
}

/** Directories, in order and without the root, as the cuts between their slabs see them. */
export function directorySequence(paths: readonly BytePath[]): WeighedSequence {
  return { weights: paths.map(() => 1), hashes: paths.map(directoryHash) };
}

/** Gives every inode its number. */
export function numberInodes(
  slabs: InodeSlabs,
  collected: CollectedInodes,
  places: OutlinePlaces,
): void {
  collected.root.inodeNumber = rootInodeNumber;
  if (collected.lostAndFound !== null) collected.lostAndFound.inodeNumber = lostAndFoundInodeNumber;
  slabs.files.forEach((inodes, index) => numberSlab(inodes, places.fileSlabs[index] ?? 0));
  slabs.directories.forEach(({ inodes }, index) =>
    numberSlab(inodes, places.directorySlabs[index] ?? 0),
  );
}

function numberSlab(inodes: readonly PlannedInode[], firstNumber: number): void {
  const places = placesInSlab(inodes.map(({ path }) => path));
  inodes.forEach((planned, index) => {
    planned.inodeNumber = firstNumber + (places[index] ?? 0);
  });
}

/**
 * The place of each inode in a slab, where the hash of its path says. Places are given in the order of the hashes, each to the
 * first free place in a row that starts and steps as the hash says too: an inode that comes or goes moves few others, even
 * where the slab is nearly full.
 */
export function placesInSlab(paths: readonly BytePath[]): Uint8Array {
  if (paths.length > inodesPerChunk)
    throw new AshlarError('internal', `a slab of ${paths.length} inodes`);
  // A hash with the position behind it: 40 bits. Equal hashes keep the order of the tree.
  const ranked = Float64Array.from(
    paths,
    (path, position) => pathHash(path, salts.inodeInSlab) * inodesPerChunk + position,
  ).sort();
  const taken = new Uint8Array(inodesPerChunk);
  const places = new Uint8Array(paths.length);
  for (const key of ranked) {
    const row = remix(Math.floor(key / inodesPerChunk));
    // An odd step comes by every place of a slab before it comes back: their number is a power of two.
    const step = (row >>> 16) | 1;
    let place = row % inodesPerChunk;
    while (taken[place] === 1) place = (place + step) % inodesPerChunk;
    taken[place] = 1;
    places[key % inodesPerChunk] = place;
  }
  return places;
}
