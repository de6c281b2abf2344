import { type BytePath, type FileTree, type TreeNode } from '../../src/index.ts';

/** Links followed on one way, as in Linux. */
const maxFollowedLinks = 40;

/** Components looked at on one way, those of link targets included: bounds the time that one entry takes. */
const maxSteps = 4096;

/**
 * The path that `path` leads to in the tree when every symbolic link on it is followed, the last one too, never above
 * the root. Components that do not exist are kept as they are. Throws what `fail` makes of a problem: a way of over 40
 * links or 4096 components.
 */
export function resolveLinks(
  tree: FileTree,
  path: BytePath,
  fail: (problem: string) => Error,
): BytePath {
  const pending = path.split('/').reverse();
  const names: BytePath[] = [];
  const nodes: (TreeNode | undefined)[] = [tree.root];
  let followed = 0;
  for (let steps = 0; pending.length > 0; steps += 1) {
    const name = pending.pop() ?? '';
    if (steps > maxSteps) throw fail(`leads through over ${maxSteps} directories and links`);
    if (name === '' || name === '.') continue;
    if (name === '..') {
      names.pop();
      if (nodes.length > 1) nodes.pop();
      continue;
    }
    const node = nodes.at(-1)?.children?.get(name);
    if (node?.inode.type !== 'symlink') {
      names.push(name);
      nodes.push(node);
      continue;
    }
    followed += 1;
    if (followed > maxFollowedLinks) throw fail(`leads through over ${maxFollowedLinks} links`);
    const { target } = node.inode;
    if (target.startsWith('/')) {
      names.length = 0;
      nodes.length = 1;
    }
    pending.push(...target.split('/').reverse());
  }
  return names.join('/');
}
