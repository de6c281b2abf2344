import type { BytePath } from '../../../bytes/byte-path.ts';
import { blockBytes, lostAndFoundInodeNumber, rootInodeNumber } from '../../../ext4/format.ts';
import { type ListedName, readDirectoryBlock } from '../../../ext4/read-directory.ts';
import { findContentStart, readInodeRecord } from '../../../ext4/read-inode.ts';
import { nameOf, parentOf } from '../../../tree/file-tree.ts';
import { chunksOfBlocks, firstSlabChunk, recordPlace, type StoredDisk } from './stored-disk.ts';
import { notRead, unsure } from './unsure.ts';

/** A directory as it is on a stored disk. */
export interface StoredDirectory {
  readonly inodeNumber: number;
  readonly parentNumber: number;
  /** First block of its metadata. */
  readonly metadataStart: number;
  readonly blocks: number;
  /** In the order in which a layout lists them, without `.` and `..`. */
  readonly names: readonly ListedName[];
}

export interface StoredDirectories {
  /** Reads directories and those above them, if they were not read before. */
  load(paths: Iterable<BytePath>): Promise<void>;
  /** One that was read. */
  at(path: BytePath): StoredDirectory;
}

const maxDirectories = 6000;

/** Finds directories from the root on, by the names on the disk: the tree says nothing of numbers. */
export function createStoredDirectories(disk: StoredDisk, diskBytes: number): StoredDirectories {
  const firstSlab = firstSlabChunk(diskBytes);
  const known = new Map<BytePath, StoredDirectory>();
  const numbers = new Map<BytePath, ReadonlyMap<BytePath, number>>();
  const numberOf = (path: BytePath): number => {
    if (path === '') return rootInodeNumber;
    const number = numbers.get(parentOf(path))?.get(nameOf(path));
    return number ?? unsure('a directory is not where it should be');
  };
  const loadLevel = async (paths: readonly BytePath[]): Promise<void> => {
    const found = paths.map((path) => ({ path, inodeNumber: numberOf(path) }));
    await disk.load(found.map(({ inodeNumber }) => recordPlace(firstSlab, inodeNumber).index));
    const places = await Promise.all(
      found.map(async (one) => ({ ...one, ...(await placeOf(disk, one.inodeNumber)) })),
    );
    await disk.load(
      places.flatMap(({ metadataStart, blocks }) => chunksOfBlocks(metadataStart, blocks)),
    );
    for (const { path, ...place } of places) {
      const directory = readStored(disk, path, place);
      known.set(path, directory);
      const own = directory.names.map(({ name, inodeNumber }) => [name, inodeNumber] as const);
      numbers.set(path, new Map(own));
    }
  };
  return {
    at: (path) => known.get(path) ?? notRead('a directory'),
    async load(paths) {
      const levels: Set<BytePath>[] = [];
      for (const path of paths) {
        for (let up = path; !known.has(up); up = parentOf(up)) {
          const depth = up === '' ? 0 : up.split('/').length;
          (levels[depth] ??= new Set()).add(up);
          if (up === '') break;
        }
      }
      for (const level of levels) {
        if (level === undefined) continue;
        if (known.size + level.size > maxDirectories) unsure('too many directories');
        await loadLevel([...level]);
      }
    },
  };
}

async function placeOf(
  disk: StoredDisk,
  inodeNumber: number,
): Promise<Pick<StoredDirectory, 'metadataStart' | 'blocks'>> {
  const record = disk.record(inodeNumber);
  const { dataStart, firstLeaf } = await findContentStart(record, () =>
    Promise.resolve(unsure('a directory with an extent tree')),
  );
  const blocks = readInodeRecord(record).sizeBytes / blockBytes;
  if (dataStart === 0 || firstLeaf !== 0 || !Number.isInteger(blocks) || blocks > 65_536)
    unsure('no directory where one should be');
  return { metadataStart: dataStart, blocks };
}

function readStored(
  disk: StoredDisk,
  path: BytePath,
  place: Pick<StoredDirectory, 'inodeNumber' | 'metadataStart' | 'blocks'>,
): StoredDirectory {
  const listed: ListedName[] = [];
  for (let block = 0; block < place.blocks; block += 1)
    listed.push(...readDirectoryBlock(disk.block(place.metadataStart + block)));
  const names = listed.filter(({ name }) => name !== '.' && name !== '..');
  return {
    ...place,
    parentNumber: parentNumberOf(disk, place.metadataStart),
    names: sortNames(path, names),
  };
}

/** Both kinds of directories begin with `.`, which takes 12 bytes, and `..`. */
function parentNumberOf(disk: StoredDisk, metadataStart: number): number {
  return disk.block(metadataStart).readUInt32LE(12);
}

/** In the order of the tree: subdirectories behind all others, and last the directory that only the root knows of. */
export function sortNames<Name extends Pick<ListedName, 'name' | 'type' | 'inodeNumber'>>(
  directory: BytePath,
  names: readonly Name[],
): Name[] {
  const rank = ({ name, type, inodeNumber }: Name): number => {
    if (isOwnLostAndFound(directory, { name, inodeNumber })) return 2;
    return type === 'directory' ? 1 : 0;
  };
  return names.toSorted((left, right) => {
    const distance = rank(left) - rank(right);
    if (distance !== 0) return distance;
    return left.name < right.name ? -1 : 1;
  });
}

/** The directory that no entry of the tree is for. */
export function isOwnLostAndFound(
  directory: BytePath,
  { name, inodeNumber }: { readonly name: BytePath; readonly inodeNumber: number },
): boolean {
  return directory === '' && name === 'lost+found' && inodeNumber === lostAndFoundInodeNumber;
}
