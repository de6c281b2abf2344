import type { BytePath } from '../../../bytes/byte-path.ts';
import { lostAndFoundInodeNumber, rootInodeNumber } from '../../../ext4/format.ts';
import type { ListedName } from '../../../ext4/read-directory.ts';
import { planLostAndFound, shapeDirectory } from '../../../layout/collect-inodes.ts';
import { placesInSlab } from '../../../layout/number-inodes.ts';
import { planInode } from '../../../layout/plan-inode.ts';
import { planGroup, type PlannedGroup } from '../../../layout/plan-layout.ts';
import type { PlannedInode } from '../../../layout/planned-inode.ts';
import type { PartSummary } from '../../../layout/split-sequence.ts';
import { parentOf } from '../../../tree/file-tree.ts';
import type { KnownEntry } from '../../../tree/tree-order.ts';
import { isDirectory, isFirst } from './known-pages.ts';
import { isOwnLostAndFound } from './stored-directories.ts';

export type KnownGroup = PlannedGroup<KnownEntry>;

/** What has to be known of a tree, before or after a change, to lay a group of it out. */
export interface TreeSide {
  /** The names in a directory in the order of a layout. Their numbers are right once all are given. */
  names(directory: BytePath): readonly ListedName[];
  /** The number of the inode whose first name this is. */
  numberOf(path: BytePath): number;
  /** How many names it has; not asked of directories. */
  linksOf(path: BytePath): number;
}

/** Plans a group of which all entries are known; numbers and places come later. */
export function planKnownGroup(
  { entries, cut }: { readonly entries: readonly KnownEntry[]; readonly cut: PartSummary },
  side: Pick<TreeSide, 'names'>,
): KnownGroup {
  const inodes = entries.flatMap((entry) => planKnownInode(entry, side));
  return planGroup({ key: entries[0]?.path ?? '', entries, cut, inodes });
}

/** The inode of an entry, none for a later name; that of the root with the directory that only the root knows of. */
export function planKnownInode(
  { path, inode }: KnownEntry,
  side: Pick<TreeSide, 'names'>,
): PlannedInode[] {
  if (inode === null) return [];
  const planned = planInode(inode, path);
  if (inode.type !== 'directory') return [planned];
  const names = side.names(path);
  for (const { name, type } of names)
    planned.children.push({ name, inode: { inode: { type }, inodeNumber: 0 } });
  planned.links += names.filter(({ type }) => type === 'directory').length;
  shapeDirectory(planned);
  if (!names.some((name) => isOwnLostAndFound(path, name))) return [planned];
  const lostAndFound = planLostAndFound(planned);
  lostAndFound.inodeNumber = lostAndFoundInodeNumber;
  shapeDirectory(lostAndFound);
  return [planned, lostAndFound];
}

/** Gives inodes what they are told of others: numbers and links. */
export function completeInodes(inodes: readonly PlannedInode[], side: TreeSide): void {
  for (const planned of inodes) {
    const { path, inode } = planned;
    if (planned.inodeNumber === lostAndFoundInodeNumber) continue;
    planned.inodeNumber = path === '' ? rootInodeNumber : side.numberOf(path);
    if (inode.type !== 'directory') {
      planned.links = side.linksOf(path);
      continue;
    }
    const parent = path === '' ? '' : parentOf(path);
    planned.parent = { inodeNumber: parent === '' ? rootInodeNumber : side.numberOf(parent) };
    side.names(path).forEach(({ name, type, inodeNumber }, index) => {
      planned.children[index] = { name, inode: { inode: { type }, inodeNumber } };
    });
  }
}

/** The numbers of all of a group but directories. */
export function numberFiles(
  entries: readonly KnownEntry[],
  firstNumber: number | null,
): Map<BytePath, number> {
  const files = entries.filter((entry) => isFirst(entry) && !isDirectory(entry));
  return numberPaths(
    files.map(({ path }) => path),
    firstNumber ?? 0,
  );
}

/** The numbers of the inodes of a slab. */
export function numberPaths(
  paths: readonly BytePath[],
  firstNumber: number,
): Map<BytePath, number> {
  const places = placesInSlab(paths);
  return new Map(paths.map((path, index) => [path, firstNumber + (places[index] ?? 0)]));
}
