import { type BytePath, followLinksSlowly, toDisplay } from '../../src/index.ts';
import { InstructionFault } from '../dockerfile/problems.ts';
import { joinBytes, type SourceEntry, type SourceTree } from './source-tree.ts';

/** What is at a path; no entry for the root, which is a directory whatever else it is. */
interface Place {
  readonly path: BytePath;
  readonly entry?: SourceEntry;
}

/**
 * The path that `path` leads to when symbolic links are followed, the last one too, never above the root of the
 * tree: an absolute link begins there, and `..` ends there. Parts that do not exist stay as they are. Throws
 * `InstructionFault` for a way that is too long, as that of links in circles.
 */
export async function resolveInTree(tree: SourceTree, path: BytePath): Promise<BytePath> {
  const way = await followLinksSlowly<Place>(
    { path, root: { path: '' }, targetOf: ({ entry }) => entry?.target },
    async (parent, name) => {
      const found = joinBytes(parent.path, name);
      const entry = await tree.lstat(found);
      return entry === null ? undefined : { path: found, entry };
    },
  );
  if (!way.isDeadEnd) return way.names.join('/');
  throw new InstructionFault(`${toDisplay(path)} in ${tree.name} ${way.problem}`, {
    code: 'copy_source_missing',
  });
}
