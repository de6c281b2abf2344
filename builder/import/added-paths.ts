import { type BytePath, type FileTree, joinPath } from '../../src/index.ts';
import { impliedDirectory } from './implied-directory.ts';

/**
 * What one layer has put into the tree: a whiteout hides what the layers below have, not what its own layer brings,
 * in whatever order they come (OCI image specification, layer.md, "Whiteouts").
 */
export interface AddedPaths {
  add(path: BytePath): void;
  removeFromBelow(path: BytePath): void;
  removeChildrenFromBelow(directory: BytePath): void;
}

export function createAddedPaths(tree: FileTree): AddedPaths {
  const added = new Set<BytePath>();
  /** Directories that hold something added, at any depth. */
  const holders = new Set<BytePath>();
  const removeChildren = (directory: BytePath): void => {
    for (const name of tree.lookup(directory)?.children?.keys() ?? [])
      remove(joinPath(directory, name));
  };
  const remove = (path: BytePath): void => {
    const isAdded = added.has(path);
    if (!isAdded && !holders.has(path)) {
      tree.remove(path);
      return;
    }
    removeChildren(path);
    // Its mode and owner are those of the layers below, and hidden too.
    if (!isAdded && tree.lookup(path)?.inode.type === 'directory') tree.put(path, impliedDirectory);
  };
  return {
    add(path) {
      added.add(path);
      for (
        let slash = path.lastIndexOf('/');
        slash !== -1;
        slash = path.lastIndexOf('/', slash - 1)
      ) {
        const holder = path.slice(0, slash);
        if (holders.has(holder)) break;
        holders.add(holder);
      }
    },
    removeFromBelow: remove,
    removeChildrenFromBelow: removeChildren,
  };
}
