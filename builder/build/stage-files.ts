import type {
  BytePath,
  EditableTree,
  FileTree,
  Inode,
  LoadedTree,
  OpenImage,
} from '../../src/index.ts';

/** What was put at which path: the last at each. */
export type Puts = ReadonlyMap<BytePath, Inode>;

/**
 * The files of a stage: those of a stored image, with what was put since. The whole tree is read into memory when somebody
 * asks for it; until then a look at a path costs a page of the stored tree.
 */
export interface StageFiles extends EditableTree {
  /** The whole tree, to be changed in any way. */
  tree(): Promise<FileTree>;
  /** The same with what is known of its bins. */
  loaded(): Promise<LoadedTree>;
  /**
   * All that was changed since the image was stored: `undefined` when it is more than inodes that were put, so that the
   * image with these on it is not what the files are.
   */
  readonly puts: Puts | undefined;
  /** Goes on from the image that the files were stored as. */
  settle(image: OpenImage): void;
}

export function createStageFiles(
  start: OpenImage,
  load: (image: OpenImage) => Promise<LoadedTree>,
): StageFiles {
  let image = start;
  let memory: LoadedTree | undefined;
  let puts: Map<BytePath, Inode> | undefined = new Map();
  /** Paths that were looked at, with what is there now. */
  let seen = new Map<BytePath, Inode | undefined>();
  const loaded = async (): Promise<LoadedTree> => {
    if (memory !== undefined) return memory;
    const { tree, knownBins } = await load(image);
    for (const [path, inode] of puts ?? []) tree.put(path, inode);
    seen.clear();
    memory = { tree, knownBins };
    return memory;
  };
  const tree = async (): Promise<FileTree> => {
    const whole = await loaded();
    puts = undefined;
    return whole.tree;
  };
  const lookup = async (path: BytePath): Promise<Inode | undefined> => {
    if (memory !== undefined) return memory.tree.lookup(path)?.inode;
    if (seen.has(path)) return seen.get(path);
    const inode = (await (await image.tree()).lookup(path)) ?? undefined;
    seen.set(path, inode);
    return inode;
  };
  return {
    tree,
    loaded,
    lookup,
    get puts() {
      return puts;
    },
    async put(path, inode) {
      const replaced = await lookup(path);
      // All that is below the directory goes with it.
      if (replaced?.type === 'directory' && inode.type !== 'directory') await tree();
      puts?.set(path, inode);
      if (memory === undefined) seen.set(path, inode);
      else memory.tree.put(path, inode);
    },
    settle(stored) {
      image = stored;
      puts = new Map();
      seen = new Map();
    },
  };
}
