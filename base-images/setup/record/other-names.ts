import {
  type BytePath,
  type ChangingFiles,
  type FileTree,
  type Inode,
  joinPath,
  type TreeNode,
} from '../../../src/index.ts';

/** For each of these paths that is a hard link: another name of its inode, the first in the order of the tree. */
export async function otherNames(
  { isLinked, wholeTree }: Pick<ChangingFiles, 'isLinked' | 'wholeTree'>,
  paths: ReadonlySet<BytePath>,
): Promise<ReadonlyMap<BytePath, BytePath>> {
  for (const path of paths) if (await isLinked(path)) return findOtherNames(wholeTree(), paths);
  return new Map();
}

function findOtherNames(
  tree: Pick<FileTree, 'root' | 'lookup'>,
  paths: ReadonlySet<BytePath>,
): ReadonlyMap<BytePath, BytePath> {
  const wanted = new Map<Inode, BytePath>();
  for (const path of paths) {
    const inode = tree.lookup(path)?.inode;
    if (inode !== undefined && inode.type !== 'directory') wanted.set(inode, path);
  }
  const found = new Map<BytePath, BytePath>();
  const visit = (directory: TreeNode, place: BytePath): void => {
    for (const [name, node] of directory.children ?? []) {
      if (node.children !== null) {
        visit(node, joinPath(place, name));
        continue;
      }
      const path = wanted.get(node.inode);
      const other = path === undefined ? '' : joinPath(place, name);
      if (path !== undefined && !paths.has(other) && !found.has(path)) found.set(path, other);
    }
  };
  visit(tree.root, '');
  return found;
}
