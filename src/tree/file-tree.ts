import { AshlarError } from '../errors/ashlar-error.ts';
import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import type { DirectoryInode, Inode } from './inode.ts';

/** A name in the tree. Directories have children; the node of a hard link shares its inode with others. */
export interface TreeNode {
  readonly inode: Inode;
  readonly children: ReadonlyMap<BytePath, TreeNode> | null;
}

interface MutableNode {
  inode: Inode;
  children: Map<BytePath, MutableNode> | null;
}

/**
 * A file system tree in memory that can be changed. Paths are byte paths without a leading slash; the
 * root is ''. Nothing here follows a symbolic link; `followInTree` does.
 */
export interface FileTree {
  readonly root: TreeNode;
  lookup(path: BytePath): TreeNode | undefined;
  /**
   * Puts an inode at a path. The parent has to be a directory and the name one that a file can have (`internal`
   * otherwise). A directory that is put onto a
   * directory keeps the children; anything else replaces what was there with all below it. The same object at a second
   * path is a hard link; of a directory, which has none, every path gets an object of its own.
   */
  put(path: BytePath, inode: Inode): void;
  /** Removes a name and all below it; tells whether it was there. The root cannot be removed. */
  remove(path: BytePath): boolean;
  /** Removes everything in a directory. */
  clear(path: BytePath): void;
}

/** A tree that holds only a root directory. */
export function createFileTree(rootInode: DirectoryInode): FileTree {
  const root: MutableNode = { inode: { ...rootInode }, children: new Map() };

  const lookup = (path: BytePath): MutableNode | undefined => {
    if (path === '') return root;
    let node: MutableNode | undefined = root;
    for (const name of path.split('/')) {
      node = node.children?.get(name);
      if (node === undefined) return undefined;
    }
    return node;
  };

  // Trees are mostly filled directory by directory.
  let last: { readonly path: BytePath; readonly children: Map<BytePath, MutableNode> } | null =
    null;
  const childrenOf = (path: BytePath): Map<BytePath, MutableNode> => {
    if (last?.path === path) return last.children;
    const children = lookup(path)?.children;
    if (!children)
      throw new AshlarError('internal', `not a directory in the tree: /${toDisplay(path)}`);
    last = { path, children };
    return children;
  };

  return {
    root,
    lookup,
    put(path, inode) {
      if (path === '') {
        if (inode.type !== 'directory') {
          throw new AshlarError('internal', 'the root of a tree has to be a directory');
        }
        root.inode = { ...inode };
        return;
      }
      const siblings = childrenOf(parentOf(path));
      const name = nameOf(path);
      if (!isFileName(name))
        throw new AshlarError('internal', `no file can have the name of /${toDisplay(path)}`);
      const existing = siblings.get(name);
      const isDirectory = inode.type === 'directory';
      const own = isDirectory ? { ...inode } : inode;
      if (isDirectory && existing?.children) {
        existing.inode = own;
        return;
      }
      if (existing?.children) last = null;
      siblings.set(ownCopy(name), { inode: own, children: isDirectory ? new Map() : null });
    },
    remove(path) {
      if (path === '') throw new AshlarError('internal', 'the root of a tree cannot be removed');
      last = null;
      return lookup(parentOf(path))?.children?.delete(nameOf(path)) ?? false;
    },
    clear(path) {
      last = null;
      childrenOf(path).clear();
    },
  };
}

/** The directory part of a path; '' for names in the root. */
export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/**
 * True for what a directory can hold: a name of bytes, one a character, that is not empty, not `.` or `..`, and has no slash and no NUL.
 */
export function isFileName(name: BytePath): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[\0/]|[^\0-\xff]/.test(name);
}

/** A part of a string keeps all of it in memory; a copy does not. */
function ownCopy(name: BytePath): BytePath {
  return Buffer.from(name, 'latin1').toString('latin1');
}

/** The last component of a path; '' for the root. */
export function nameOf(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of `name` in the directory `parent`. */
export function joinPath(parent: BytePath, name: BytePath): BytePath {
  return parent === '' ? name : `${parent}/${name}`;
}
