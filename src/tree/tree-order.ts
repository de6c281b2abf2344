import type { BytePath } from '../bytes/byte-path.ts';
import { type FileTree, nameOf, parentOf, type TreeNode } from './file-tree.ts';
import type { Inode } from './inode.ts';

/** One name of the tree, in its place in the canonical order. */
export interface TreeEntry {
  readonly path: BytePath;
  readonly inode: Inode;
  /** The first path, in this order, of the same inode; equal to `path` but for later hard links. */
  readonly firstPath: BytePath;
}

/**
 * The canonical order of a tree, on which pages, layout and so the digest rest: directories in depth-first order,
 * names compared by their bytes; each directory's own entry is followed at once by those of its children that are
 * not directories, then come its subdirectories.
 */
export function orderTree(tree: FileTree): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const firstPaths = new Map<Inode, BytePath>();
  const visit = (path: BytePath, node: TreeNode): void => {
    entries.push({ path, inode: node.inode, firstPath: path });
    const prefix = path === '' ? '' : `${path}/`;
    const children = [...(node.children ?? [])].sort(byName);
    for (const [name, child] of children) {
      if (child.children !== null) continue;
      const childPath = prefix + name;
      const firstPath = firstPaths.get(child.inode) ?? childPath;
      if (firstPath === childPath) firstPaths.set(child.inode, childPath);
      entries.push({ path: childPath, inode: child.inode, firstPath });
    }
    for (const [name, child] of children) {
      if (child.children !== null) visit(prefix + name, child);
    }
  };
  visit('', tree.root);
  return entries;
}

/** Compares the places of two entries in the canonical order. */
export function compareTreeKeys(left: TreeKey, right: TreeKey): number {
  if (left.directory !== right.directory) {
    return compareBytes(componentOrder(left.directory), componentOrder(right.directory));
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

function componentOrder(path: BytePath): string {
  return path.replaceAll('/', '\0');
}

function byName(left: readonly [BytePath, unknown], right: readonly [BytePath, unknown]): number {
  return compareBytes(left[0], right[0]);
}

function compareBytes(left: string, right: string): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}
