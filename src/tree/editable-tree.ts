import type { BytePath } from '../bytes/byte-path.ts';
import { joinPath } from './file-tree.ts';
import { followLinksSlowly, type Way } from './follow-links.ts';
import type { Inode } from './inode.ts';

/** What changes of single paths need of a tree, wherever the rest of it is. */
export interface EditableTree {
  /** The inode at exactly this path, links not followed; undefined where there is none. */
  lookup(path: BytePath): Promise<Inode | undefined>;
  /** As `put` of a `FileTree`. */
  put(path: BytePath, inode: Inode): Promise<void>;
}

/** Where a path leads in it when every symbolic link on it is followed, the last one too. */
export async function followInEditable(tree: EditableTree, path: BytePath): Promise<Way<Place>> {
  const find = async (place: BytePath): Promise<Place | undefined> => {
    const inode = await tree.lookup(place);
    return inode === undefined ? undefined : { path: place, inode };
  };
  const root = await find('');
  if (root === undefined) throw new TypeError('a tree without a root');
  return followLinksSlowly<Place>(
    {
      path,
      root,
      targetOf: ({ inode }) => (inode.type === 'symlink' ? inode.target : undefined),
    },
    (parent, name) => find(joinPath(parent.path, name)),
  );
}

export interface Place {
  readonly path: BytePath;
  readonly inode: Inode;
}
