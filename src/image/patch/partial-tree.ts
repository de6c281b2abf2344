import { type BytePath, toDisplay } from '../../bytes/byte-path.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { createFileTree, type FileTree, joinPath, nameOf, parentOf } from '../../tree/file-tree.ts';
import type { DirectoryInode, Inode } from '../../tree/inode.ts';
import { listDirectory } from '../../tree/list-directory.ts';
import type { TreePageEntry } from '../../tree/tree-page.ts';
import type { OpenImage } from '../open-image.ts';
import type { TreeChanges } from './reshape/edit-tree.ts';
import { unsure } from './reshape/unsure.ts';
import { createStandingInodes } from './standing-inodes.ts';

/** A stored tree of which those names can be looked up and changed that were read. */
export interface PartialTree {
  /** Looking for another name, or changing one, is a fault (`internal`). */
  readonly tree: FileTree;
  /** Reads these names, if they are there, and the directories above them. */
  load(paths: Iterable<BytePath>): Promise<void>;
  /** Reads all names in a directory, if it is one. */
  loadChildren(directory: BytePath): Promise<void>;
  /** Whether what a name stands for has others in the image. */
  isLinked(path: BytePath): Promise<boolean>;
  /** What was done to it. Throws `Unsure` where an inode of the image has got one more name. */
  changes(): Promise<TreeChanges>;
}

/** More would take long to list, and the whole tree not much longer. */
const maxChildren = 2000;

export async function openPartialTree(image: OpenImage): Promise<PartialTree> {
  const stored = await image.tree();
  const standing = createStandingInodes(image);
  const root = await stored.lookup('');
  const tree = createFileTree(root as DirectoryInode);
  const read = new Set<BytePath>(['']);
  const noDirectories = new Set<BytePath>();
  const firstPaths = new Map<Inode, BytePath>();
  const inodes = new Map<BytePath, Inode>();
  const changed = { puts: new Map<BytePath, Inode>(), removals: new Set<BytePath>() };

  const loadOne = async (path: BytePath): Promise<void> => {
    if (read.has(path)) return;
    await loadOne(parentOf(path));
    // Somebody else may have read it meanwhile.
    if (read.has(path)) return;
    const entry = (await stored.find(path))?.entry;
    read.add(path);
    if (entry === undefined || !isDirectoryEntry(entry)) noDirectories.add(path);
    if (entry === undefined || !isDirectoryIn(tree, parentOf(path))) return;
    const firstPath = 'linkTo' in entry ? entry.linkTo : path;
    const inode = inodes.get(firstPath) ?? (await stored.lookup(firstPath)) ?? unsure('no inode');
    inodes.set(firstPath, inode);
    firstPaths.set(inode, firstPath);
    tree.put(path, inode);
  };
  const isLinked = async (path: BytePath): Promise<boolean> => {
    const entry = (await stored.find(path))?.entry;
    if (entry === undefined || stored.root.totals.hardLinks === 0) return false;
    if ('linkTo' in entry) return true;
    return entry.inode.type !== 'directory' && (await standing.find(path)).links > 1;
  };
  return {
    tree: recordChanges(tree, (path) => read.has(path) || isBelowAny(path, noDirectories), changed),
    isLinked,
    async load(paths) {
      for (const path of paths) await loadOne(path);
    },
    async loadChildren(directory) {
      await loadOne(directory);
      const names = await listDirectory(stored, directory);
      if (names.length > maxChildren) unsure('a large directory');
      for (const name of names) await loadOne(joinPath(directory, name));
    },
    async changes() {
      const { puts, removals } = changed;
      for (const inode of new Set(puts.values())) {
        const firstPath = firstPaths.get(inode);
        if (inode.type === 'directory' || firstPath === undefined) continue;
        const isReplaced = puts.has(firstPath) || isBelowAny(firstPath, removals);
        if (!isReplaced || (await isLinked(firstPath))) unsure('a stored inode gets a name');
      }
      return changed;
    },
  };
}

function isDirectoryEntry(entry: TreePageEntry): boolean {
  return 'inode' in entry && entry.inode.type === 'directory';
}

function isDirectoryIn(tree: FileTree, path: BytePath): boolean {
  return tree.lookup(path)?.inode.type === 'directory';
}

function isBelowAny(path: BytePath, removals: ReadonlySet<BytePath>): boolean {
  for (let up = path; up !== ''; up = parentOf(up)) if (removals.has(up)) return true;
  return false;
}

/** The same tree, with a note of what is done to it: first all removals count, then all puts. */
function recordChanges(
  tree: FileTree,
  isRead: (path: BytePath) => boolean,
  { puts, removals }: { readonly puts: Map<BytePath, Inode>; readonly removals: Set<BytePath> },
): FileTree {
  const forgetBelow = (path: BytePath): void => {
    for (const put of puts.keys()) if (put === path || put.startsWith(`${path}/`)) puts.delete(put);
  };
  const checkRead = (path: BytePath): void => {
    if (isRead(path) || puts.has(path) || isBelowAny(path, removals)) return;
    throw new AshlarError('internal', `/${toDisplay(path)} was not read of the tree`);
  };
  const remove = (path: BytePath): boolean => {
    checkRead(path);
    const isThere = tree.remove(path);
    removals.add(path);
    forgetBelow(path);
    return isThere;
  };
  return {
    root: tree.root,
    lookup(path) {
      checkRead(path);
      return tree.lookup(path);
    },
    put(path, inode) {
      checkRead(path);
      if (inode.type !== 'directory' && isDirectoryIn(tree, path)) remove(path);
      tree.put(path, inode);
      puts.set(path, tree.lookup(path)?.inode ?? inode);
    },
    remove,
    clear(path) {
      throw new AshlarError('internal', `the directory ${nameOf(path)} is not read as a whole`);
    },
  };
}
