import { type BytePath, toDisplay } from '../../src/index.ts';
import { InstructionFault } from '../dockerfile/problems.ts';
import { joinBytes, parentPath, type SourceTree } from './source-tree.ts';

/** As many as Docker follows. */
const maxFollowedLinks = 255;

/**
 * The path that `path` leads to when symbolic links are followed, the last one too, never above the root of the
 * tree: an absolute link begins there, and `..` ends there. Parts that do not exist stay as they are. Throws
 * `InstructionFault` for links that go in circles.
 */
export async function resolveInTree(tree: SourceTree, path: BytePath): Promise<BytePath> {
  const pending = path.split('/').reverse();
  let resolved: BytePath = '';
  let followed = 0;
  while (pending.length > 0) {
    const name = pending.pop() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      resolved = parentPath(resolved);
      continue;
    }
    const candidate = joinBytes(resolved, name);
    const target = (await tree.lstat(candidate))?.target;
    if (target === undefined) {
      resolved = candidate;
      continue;
    }
    followed += 1;
    if (followed > maxFollowedLinks) {
      throw new InstructionFault(`too many symbolic links on the way to ${toDisplay(path)}`, {
        code: 'copy_source_missing',
      });
    }
    if (target.startsWith('/')) resolved = '';
    pending.push(...target.split('/').reverse());
  }
  return resolved;
}
