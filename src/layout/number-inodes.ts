import { AshlarError } from '../errors/ashlar-error.ts';
import { inodesPerChunk, lostAndFoundInodeNumber, rootInodeNumber } from '../ext4/format.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import type { CollectedInodes } from './collect-inodes.ts';
import type { EntryGroup } from './group-entries.ts';
import { directoryCutRate, maxSlabDirectories, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { placeItems } from './place-items.ts';
import type { PlannedInode } from './planned-inode.ts';

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
  let directories: PlannedInode[] = [];
  const closeDirectories = (): void => {
    const key = directories[0]?.path;
    if (key !== undefined) slabs.push({ kind: 'directories', key, inodes: directories });
    directories = [];
  };
  for (const group of groups) {
    const files: PlannedInode[] = [];
    for (const entry of group.entries) {
      const planned = collected.byInode.get(entry.inode);
      if (planned === undefined || entry.firstPath !== entry.path || planned === collected.root)
        continue;
      if (entry.inode.type === 'directory') {
        if (isDirectoryCut(entry) || directories.length >= maxSlabDirectories) closeDirectories();
        directories.push(planned);
      } else files.push(planned);
    }
    if (files.length > 0) slabs.push({ kind: 'files', key: group.key, inodes: files });
  }
  closeDirectories();
  return slabs;
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

function numberSlab(slab: InodeSlab, firstNumber: number): void {
  const places = placeItems(
    slab.inodes.map((planned) => ({
      hash: pathHash(planned.path, salts.inodeInSlab),
      key: planned.path,
      slots: 1,
    })),
    inodesPerChunk,
  );
  if (places === null) throw new AshlarError('internal', `a slab of ${slab.inodes.length} inodes`);
  slab.inodes.forEach((planned, index) => {
    planned.inodeNumber = firstNumber + (places[index] ?? 0);
  });
}

function isDirectoryCut(entry: TreeEntry): boolean {
  return pathHash(entry.path, salts.directoryCut) % directoryCutRate === 0;
}
