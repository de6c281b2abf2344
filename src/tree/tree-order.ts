import type { BytePath } from '../bytes/byte-path.ts';
import { type FileTree, joinPath, nameOf, parentOf, type TreeNode } from './file-tree.ts';
import type { Inode } from './inode.ts';

/** One name of the tree, in its place in the canonical order. */
export interface TreeEntry {
  readonly path: BytePath;
  readonly inode: Inode;
  /** The first path, in this order, of the same inode; equal to `path` but for later hard links. */
  readonly firstPath: BytePath;
}

/** An entry of a tree of which only parts are known: of a later hard link no more than the path of the first. */
export interface KnownEntry extends Omit<TreeEntry, 'inode'> {
  /** Null for a later hard link. */
  readonly inode: Inode | null;
}

/** An entry as a tree in memory gives it. */
export interface OrderedEntry extends TreeEntry {
  /** The path of the directory that it is in; '' for the root itself too. */
  readonly directory: BytePath;
  readonly name: BytePath;
}

/**
 * The canonical order of a tree, on which pages, layout and so the digest rest: directories in depth-first order,
 * names compared by their bytes; each directory's own entry is followed at once by those of its children that are
 * not directories, then come its subdirectories.
 */
export function orderTree(tree: FileTree): OrderedEntry[] {
  const entries: OrderedEntry[] = [];
  const firstPaths = new Map<Inode, BytePath>();
  // Not by recursion: a tree may be deeper than the stack.
  const pending: PendingDirectory[] = [{ directory: '', name: '', node: tree.root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { directory, name, node } = next;
    const path = joinPath(directory, name);
    entries.push({ path, inode: node.inode, firstPath: path, directory, name });
    const children = sortedByName([...(node.children ?? [])]);
    for (const [childName, child] of children) {
      if (child.children !== null) continue;
      const childPath = joinPath(path, childName);
      const firstPath = firstPaths.get(child.inode) ?? childPath;
      if (firstPath === childPath) firstPaths.set(child.inode, childPath);
      const place = { directory: path, name: childName };
      entries.push({ path: childPath, inode: child.inode, firstPath, ...place });
    }
    for (const [childName, child] of children.toReversed()) {
      if (child.children !== null) pending.push({ directory: path, name: childName, node: child });
    }
  }
  return entries;
}

interface PendingDirectory extends TreeKey {
  readonly node: TreeNode;
}

/** Compares the places of two entries in the canonical order. */
export function compareTreeKeys(left: TreeKey, right: TreeKey): number {
  if (left.directory !== right.directory) {
    return comparePaths(left.directory, right.directory);
  }
  return compareBytes(left.name, right.name);
}

/** The place of an entry: the directory it is listed under and its name there; '' for the directory itself. */
export interface TreeKey {
  readonly directory: BytePath;
  readonly name: BytePath;
}

/** The place of an entry in the canonical order. */
export function treeKeyOf({ path, inode }: TreeEntry): TreeKey {
  return inode.type === 'directory'
    ? { directory: path, name: '' }
    : { directory: parentOf(path), name: nameOf(path) };
}

/** Component by component: the slash is less than what is in names. */
function comparePaths(left: BytePath, right: BytePath): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index += 1) {
    const [one, other] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (one === other) continue;
    if (one === slash || other === slash) return one === slash ? -1 : 1;
    return one - other;
  }
  return left.length - right.length;
}

const slash = 0x2f;

/** Trees that were read from pages, and most archives, have their names in order. */
function sortedByName(children: [BytePath, TreeNode][]): [BytePath, TreeNode][] {
  for (let index = 1; index < children.length; index += 1) {
    const [left, right] = [children[index - 1], children[index]];
    if (left !== undefined && right !== undefined && left[0] > right[0])
      return children.sort(byName);
  }
  return children;
}

function byName(left: readonly [BytePath, unknown], right: readonly [BytePath, unknown]): number {
  return compareBytes(left[0], right[0]);
}

function compareBytes(left: string, right: string): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}
