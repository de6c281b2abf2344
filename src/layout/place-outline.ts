import type { BytePath } from '../bytes/byte-path.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { blocksPerChunk, inodesPerChunk } from '../ext4/format.ts';
import { type Geometry, planGeometry } from '../ext4/geometry.ts';
import type { LayoutOutline } from './layout-outline.ts';
import { salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { placeItems, type PlacedItem } from './place-items.ts';

/** Where the parts of an outline are on a disk, each list in the order of the outline's. */
export interface OutlinePlaces {
  readonly geometry: Geometry;
  /** First blocks of the groups' stretches. */
  readonly groups: readonly number[];
  /** First blocks of the files that are placed by themselves. */
  readonly largeFiles: readonly number[];
  /** First inode numbers of the groups' slabs; null for groups without one. */
  readonly fileSlabs: readonly (number | null)[];
  /** First inode numbers. */
  readonly directorySlabs: readonly number[];
}

/**
 * Places the parts of an outline: each goes where the hash of its first path says, or near. Throws `image_too_large` with the
 * size that would do.
 */
export function placeOutline(outline: LayoutOutline, diskBytes: number): OutlinePlaces {
  const stretches = stretchItems(outline);
  const dataChunks = stretches.reduce((sum, item) => sum + item.slots, 0);
  const slabCount =
    outline.directorySlabs.length + outline.groups.filter(({ hasFiles }) => hasFiles).length;
  const geometry = planGeometry(diskBytes, { inodeSlabs: slabCount + 1, dataChunks });
  const starts = placeItems(stretches, geometry.dataChunks);
  if (starts === null)
    throw new AshlarError('internal', `no room for ${dataChunks} chunks in ${geometry.dataChunks}`);
  const blocks = starts.map((start) => geometry.dataStart + start * blocksPerChunk);
  return {
    geometry,
    groups: blocks.slice(0, outline.groups.length),
    largeFiles: blocks.slice(outline.groups.length),
    ...placeSlabs(outline, geometry),
  };
}

/** What has a place in the data region: the groups, then the large files. */
function stretchItems({ groups, largeFiles }: LayoutOutline): PlacedItem[] {
  const groupItems = groups.map(({ key, chunks }) => ({
    hash: pathHash(key, salts.groupPlace),
    key: `group:${key}`,
    slots: chunks,
  }));
  const fileItems = largeFiles.map(({ path, chunks }) => ({
    hash: pathHash(path, salts.filePlace),
    key: `file:${path}`,
    slots: chunks,
  }));
  return [...groupItems, ...fileItems];
}

/** The first slab is kept for the root, the journal and lost+found. */
function placeSlabs(
  { groups, directorySlabs }: LayoutOutline,
  { inodeSlabs }: Geometry,
): Pick<OutlinePlaces, 'fileSlabs' | 'directorySlabs'> {
  const withFiles = groups.filter(({ hasFiles }) => hasFiles);
  const items = [
    ...withFiles.map(({ key }) => slabItem('files', key)),
    ...directorySlabs.map(({ key }) => slabItem('directories', key)),
  ];
  const starts = placeItems(items, inodeSlabs - 1);
  if (starts === null)
    throw new AshlarError('internal', `no room for ${items.length} slabs in ${inodeSlabs - 1}`);
  const numbers = starts.map((start) => (1 + start) * inodesPerChunk + 1);
  let next = 0;
  const fileSlabs = groups.map(({ hasFiles }) => (hasFiles ? (numbers[next++] ?? 0) : null));
  return { fileSlabs, directorySlabs: numbers.slice(withFiles.length) };
}

function slabItem(kind: 'files' | 'directories', key: BytePath): PlacedItem {
  const salt = kind === 'files' ? salts.fileSlab : salts.directorySlab;
  return { hash: pathHash(key, salt), key: `${kind}:${key}`, slots: 1 };
}
