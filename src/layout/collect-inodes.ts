import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { planDirectory } from '../ext4/directory-blocks.ts';
import { extentTreeBlocks } from '../ext4/extent-tree.ts';
import { maxDirectoryLinks, maxExtentBlocks } from '../ext4/format.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { DirectoryInode, Inode } from '../tree/inode.ts';
import type { OrderedEntry } from '../tree/tree-order.ts';
import { directoryHashSeed } from './layout-parameters.ts';
import { planInode } from './plan-inode.ts';
import type { PlannedInode } from './planned-inode.ts';

export interface CollectedInodes {
  readonly root: PlannedInode;
  /** The inode of each entry, in the order of the entries; that of a hard link several times. */
  readonly planned: readonly PlannedInode[];
  /** The directory that e2fsck wants and the tree does not have; null where the tree has it. */
  readonly lostAndFound: PlannedInode | null;
}

const maxFileLinks = 65_000;

/**
 * Finds each inode of an ordered tree once, with its names, links and the shape of its directories. Throws
 * `image_too_large` for what ext4 cannot hold: a name over 255 bytes, over 65,000 hard links, an inode beyond its limits.
 */
export function collectInodes(entries: readonly OrderedEntry[]): CollectedInodes {
  const [first] = entries;
  if (first === undefined || first.path !== '')
    throw new AshlarError('internal', 'a tree without a root cannot be laid out');
  const linked = planLinkedInodes(entries);
  const root = planInode(first.inode, '');
  root.parent = root;
  const planned = [root];
  const directories = new Map<BytePath, PlannedInode>([['', root]]);
  const directoryInodes = new Set<Inode>([first.inode]);
  let parent = root;
  for (const entry of entries.slice(1)) {
    const { inode, path } = entry;
    const own = linked.get(inode) ?? planInode(inode, path);
    planned.push(own);
    if (entry.directory !== parent.path) parent = directoryOf(directories, entry);
    addChild(parent, entry, own);
    if (inode.type !== 'directory') continue;
    if (directoryInodes.has(inode))
      throw new AshlarError('internal', `two directories share an inode: ${toDisplay(path)}`);
    directoryInodes.add(inode);
    directories.set(path, own);
  }
  const lostAndFound = addLostAndFound(root);
  for (const directory of directories.values()) shapeDirectory(directory);
  if (lostAndFound !== null) shapeDirectory(lostAndFound);
  return { root, planned, lostAndFound };
}

/** The inodes whose first name is in a group, in order. */
export function* firstNames(
  { entries, start }: { readonly entries: readonly OrderedEntry[]; readonly start: number },
  { planned }: CollectedInodes,
): Iterable<PlannedInode> {
  let index = start;
  for (const { path, firstPath } of entries) {
    const inode = planned[index];
    if (inode !== undefined && path === firstPath) yield inode;
    index += 1;
  }
}

/** The inodes that have more than one name, each planned under its first. */
function planLinkedInodes(entries: readonly OrderedEntry[]): Map<Inode, PlannedInode> {
  const linked = new Map<Inode, PlannedInode>();
  for (const { inode, path, firstPath } of entries) {
    if (path !== firstPath && !linked.has(inode)) linked.set(inode, planInode(inode, firstPath));
  }
  return linked;
}

function directoryOf(
  directories: ReadonlyMap<BytePath, PlannedInode>,
  { directory, path }: OrderedEntry,
): PlannedInode {
  const found = directories.get(directory);
  if (found !== undefined) return found;
  throw new AshlarError('internal', `no directory for /${toDisplay(path)}`);
}

function addChild(parent: PlannedInode, entry: OrderedEntry, planned: PlannedInode): void {
  const { name, path } = entry;
  if (name.length > 255) {
    throw new AshlarError(
      'image_too_large',
      `the name of /${toDisplay(path)} is longer than 255 bytes`,
      {
        data: { path: toDisplay(path) },
        hint: 'Give the file a shorter name; Linux file systems take 255 bytes.',
      },
    );
  }
  parent.children.push({ name, inode: planned });
  if (entry.inode.type === 'directory') {
    planned.parent = parent;
    parent.links += 1;
    return;
  }
  planned.links += 1;
  if (planned.links > maxFileLinks) {
    throw new AshlarError(
      'image_too_large',
      `/${toDisplay(planned.path)} has over ${maxFileLinks} hard links`,
      {
        data: { path: toDisplay(planned.path) },
        hint: 'Replace some of the hard links with copies or symbolic links.',
      },
    );
  }
}

function addLostAndFound(root: PlannedInode): PlannedInode | null {
  if (root.children.some((child) => child.name === 'lost+found')) return null;
  const planned = planLostAndFound(root);
  root.children.push({ name: 'lost+found', inode: planned });
  root.links += 1;
  return planned;
}

/** The directory that a tree without one gets, of which only its root knows. */
export function planLostAndFound(root: PlannedInode): PlannedInode {
  const inode: DirectoryInode = {
    ...(root.inode as DirectoryInode),
    mode: 0o700,
    uid: 0,
    gid: 0,
    xattrs: [],
  };
  const planned = planInode(inode, 'lost+found');
  planned.parent = root;
  return planned;
}

/** Gives a directory that has its children and links the shape of its blocks. */
export function shapeDirectory(planned: PlannedInode): void {
  if (planned.inode.type !== 'directory') return;
  planned.shape = planDirectory(
    planned.children.map((child) => child.name),
    directoryHashSeed,
    `/${toDisplay(planned.path)}`,
  );
  planned.treeBlocks = extentTreeBlocks(Math.ceil(planned.shape.blocks / maxExtentBlocks));
  if (planned.links >= maxDirectoryLinks) planned.links = 1;
}
