import type { BytePath } from '../../../bytes/byte-path.ts';
import type { ListedName } from '../../../ext4/read-directory.ts';
import { joinPath, nameOf, parentOf } from '../../../tree/file-tree.ts';
import type { KnownEntry } from '../../../tree/tree-order.ts';
import { type TreeEdits, typeOfAdded } from './edit-tree.ts';
import { isDirectory } from './known-pages.ts';
import { isOwnLostAndFound, sortNames, type StoredDirectories } from './stored-directories.ts';

/** The numbers that inodes have after a change. */
export interface NumbersAfter {
  /** Of an inode that stays, by its number before. */
  ofStored(inodeNumber: number): number;
  /** Of what is put under a name. */
  ofAdded(entry: KnownEntry): number;
}

/** What directories list after a change; the numbers may come later. */
export type NamesAfter = (directory: BytePath, numbers: NumbersAfter | null) => ListedName[];

export function createNamesAfter(edits: TreeEdits, directories: StoredDirectories): NamesAfter {
  const { removed, added } = edits;
  const addedIn = Map.groupBy(added.values(), ({ path }) => parentOf(path));
  return (directory, numbers) => {
    const stored = isNewDirectory(edits, directory) ? [] : directories.at(directory).names;
    const left = stored.filter((name) => {
      const path = joinPath(directory, name.name);
      return isOwnLostAndFound(directory, name) || !(removed.has(path) || added.has(path));
    });
    const names = left.map((name) => ({
      ...name,
      inodeNumber: isOwnLostAndFound(directory, name)
        ? name.inodeNumber
        : (numbers?.ofStored(name.inodeNumber) ?? 0),
    }));
    const fresh = (addedIn.get(directory) ?? [])
      .filter(({ path }) => path !== '')
      .map((entry) => ({
        name: nameOf(entry.path),
        type: typeOfAdded(edits, entry),
        inodeNumber: numbers?.ofAdded(entry) ?? 0,
      }));
    return sortNames(directory, [...names, ...fresh]);
  };
}

/** True for a directory of which the stored disk has nothing. */
export function isNewDirectory({ removed, added }: TreeEdits, path: BytePath): boolean {
  const old = removed.get(path);
  return added.has(path) && (old === undefined || !isDirectory(old));
}

/** True for a directory that the changed tree does not have. */
export function isGone({ removed, added }: TreeEdits, path: BytePath): boolean {
  return removed.has(path) && !added.has(path);
}
