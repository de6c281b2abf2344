import type { BytePath } from '../../../bytes/byte-path.ts';
import { rootInodeNumber } from '../../../ext4/format.ts';
import { readInodeRecord } from '../../../ext4/read-inode.ts';
import { joinPath, parentOf } from '../../../tree/file-tree.ts';
import type { NumberedSlab } from './changed-slabs.ts';
import type { TreeEdits } from './edit-tree.ts';
import { numberFiles, numberPaths, type TreeSide } from './known-group.ts';
import type { KnownPages } from './known-pages.ts';
import { createNamesAfter, isNewDirectory, type NumbersAfter } from './names-after.ts';
import type { LaidOut, NextLayout } from './next-layout.ts';
import { numbersOf } from './recut-groups.ts';
import type { StoredDirectories } from './stored-directories.ts';
import type { StoredDisk } from './stored-disk.ts';
import { unsure } from './unsure.ts';

export interface RenumberRequest {
  readonly layout: NextLayout;
  readonly edits: TreeEdits;
  readonly pages: KnownPages;
  readonly disk: StoredDisk;
  readonly directories: StoredDirectories;
}

export interface RenumberedInodes {
  readonly before: TreeSide;
  readonly after: TreeSide;
  /** Directories, of the changed tree and of the stored too, that say something else now or have another number. */
  readonly changed: ReadonlySet<BytePath>;
}

/**
 * Finds the numbers of all that is laid out anew, before and after, and the directories that tell of a change of them. What
 * is read of the disk are the slabs of groups that are left, and directories.
 */
export async function renumberInodes(request: RenumberRequest): Promise<RenumberedInodes> {
  const { layout, edits, directories } = request;
  const files = { before: fileNumbers(layout.left), after: fileNumbers(layout.entered) };
  const slabs = { before: slabNumbers(layout.leftSlabs), after: slabNumbers(layout.enteredSlabs) };
  const movedFiles = movedPaths(files, (path) => !edits.removed.has(path));
  const movedDirectories = movedPaths(slabs, (path) => staysDirectory(edits, path));
  await directories.load(movedDirectories.keys());
  for (const path of movedDirectories.keys())
    if (directories.at(path).inodeNumber !== slabs.before.get(path))
      unsure('a directory with another number');

  const linksOf = await countLinks(request, files.before);
  const directoryAfter = (path: BytePath): number => {
    if (path === '') return rootInodeNumber;
    const number = slabs.after.get(path);
    if (number !== undefined) return number;
    if (isNewDirectory(edits, path)) return unsure('a new directory without a number');
    return directories.at(path).inodeNumber;
  };
  const renumbered = new Map([...movedFiles.values(), ...movedDirectories.values()]);
  const numbers: NumbersAfter = {
    ofStored: (number) => renumbered.get(number) ?? number,
    ofAdded: ({ path, firstPath, inode }) =>
      inode?.type === 'directory'
        ? directoryAfter(path)
        : (files.after.get(firstPath) ?? unsure('a new file without a number')),
  };
  const namesAfter = createNamesAfter(edits, directories);
  const addedNames = Map.groupBy(edits.added.values(), ({ firstPath }) => firstPath);
  const movedNames = await namesOfFiles(request, [...movedFiles.keys()], linksOf);
  return {
    before: {
      names: (path) => directories.at(path).names,
      numberOf: (path) => files.before.get(path) ?? directories.at(path).inodeNumber,
      linksOf,
    },
    after: {
      names: (path) => namesAfter(path, numbers),
      numberOf: (path) => files.after.get(path) ?? directoryAfter(path),
      linksOf: (path) => addedNames.get(path)?.length ?? linksOf(path),
    },
    changed: changedDirectories(
      [...edits.removed.keys(), ...edits.added.keys(), ...movedNames],
      [...movedDirectories.keys()],
      (path) => namesAfter(path, null),
    ),
  };
}

/** Those that have another number now, with the one before and the one now. */
function movedPaths(
  { before, after }: Record<'before' | 'after', ReadonlyMap<BytePath, number>>,
  stays: (path: BytePath) => boolean,
): Map<BytePath, readonly [before: number, after: number]> {
  const moved = new Map<BytePath, readonly [number, number]>();
  for (const [path, number] of before) {
    if (!stays(path)) continue;
    const next = after.get(path) ?? unsure('a name that is lost');
    if (next !== number) moved.set(path, [number, next]);
  }
  return moved;
}

function staysDirectory({ removed, added }: TreeEdits, path: BytePath): boolean {
  return !removed.has(path) || added.get(path)?.inode?.type === 'directory';
}

/** Who lists changed names, or directories of another number, or is one, or has one as its parent. */
function changedDirectories(
  names: readonly BytePath[],
  moved: readonly BytePath[],
  namesIn: TreeSide['names'],
): Set<BytePath> {
  const changed = new Set([...names, ...moved].map(parentOf));
  for (const path of moved) {
    changed.add(path);
    for (const { name, type } of namesIn(path))
      if (type === 'directory') changed.add(joinPath(path, name));
  }
  return changed;
}

function fileNumbers(groups: readonly LaidOut[]): Map<BytePath, number> {
  return new Map(
    groups.flatMap(({ group, firstNumber }) => [...numberFiles(group.entries, firstNumber)]),
  );
}

function slabNumbers(slabs: readonly NumberedSlab[]): Map<BytePath, number> {
  return new Map(slabs.flatMap(({ paths, firstNumber }) => [...numberPaths(paths, firstNumber)]));
}

/** How many names the inodes of groups that are left have, as their records say. */
async function countLinks(
  { disk, pages, edits, layout }: RenumberRequest,
  numbers: ReadonlyMap<BytePath, number>,
): Promise<(path: BytePath) => number> {
  if (pages.root.totals.hardLinks === 0) return () => 1;
  const { inodeTablesStart } = layout.before.geometry;
  await disk.load(slabChunks([...numbers.values()], inodeTablesStart));
  const linksOf = (path: BytePath): number =>
    readInodeRecord(disk.record(numbers.get(path) ?? unsure('a file without a number'))).links;
  // An inode that keeps a name elsewhere is another one then, and may stand under another name.
  const removed = Map.groupBy(
    [...edits.removed.values()].filter(({ inode }) => inode?.type !== 'directory'),
    ({ firstPath }) => firstPath,
  );
  for (const [firstPath, names] of removed)
    if (!edits.removed.has(firstPath) || linksOf(firstPath) !== names.length)
      unsure('a hard link of which only some names are changed');
  return linksOf;
}

/** The chunks of the inode tables that have these numbers. */
export function slabChunks(numbers: readonly number[], inodeTablesStart: number): Set<number> {
  return new Set(numbers.map((number) => inodeTablesStart / 16 + Math.floor((number - 1) / 256)));
}

/** All names of these files. Those of hard links mostly are in the same directory, whose pages are read. */
async function namesOfFiles(
  { pages }: RenumberRequest,
  files: readonly BytePath[],
  linksOf: (path: BytePath) => number,
): Promise<BytePath[]> {
  const linked = files.filter((path) => linksOf(path) > 1);
  const laterNames = (): Map<BytePath, BytePath[]> => {
    const names = new Map<BytePath, BytePath[]>(linked.map((path) => [path, []]));
    for (const { entries } of pages.loaded.values())
      for (const { path, firstPath } of entries)
        if (path !== firstPath) names.get(firstPath)?.push(path);
    return names;
  };
  const isWhole = (names: ReadonlyMap<BytePath, readonly BytePath[]>): boolean =>
    linked.every((path) => (names.get(path)?.length ?? 0) + 1 === linksOf(path));
  let later = laterNames();
  if (!isWhole(later)) {
    const directories = new Set(linked.map(parentOf));
    for (const directory of directories) {
      const start = pages.numberOf({ directory, name: '' });
      await pages.load(
        numbersOf({ start, end: pages.numberOf({ directory, name: '\xff\xff' }) + 1 }),
      );
    }
    later = laterNames();
    if (!isWhole(later)) unsure('a hard link of which some names are not known');
  }
  return [...files, ...[...later.values()].flat()];
}
