import type { BytePath } from '../bytes/byte-path.ts';
import type { FileTree, TreeNode } from './file-tree.ts';

/** Links followed on one way, as in Linux (path_resolution(7)). */
const maxLinks = 40;

/** Names on one way, those of link targets included: bounds the time that one path takes. */
const maxNames = 4096;

/** A path that is followed from a root on, in whatever has names and symbolic links. */
export interface WayRequest<Node> {
  readonly path: BytePath;
  readonly root: Node;
  /** The target of a symbolic link; undefined for everything else. */
  readonly targetOf: (node: Node) => BytePath | undefined;
  /** Whether names may follow a node, or a name that is not there; by default they may follow anything. */
  readonly leadsOn?: (node: Node | undefined) => boolean;
}

/** Where a path leads when every symbolic link on it is followed, the last one too. */
export type Way<Node> = FoundWay<Node> | DeadEnd;

export interface FoundWay<Node> {
  readonly isDeadEnd: false;
  /** From the root on, free of links, `.` and `..`; those behind the last that exists are as they were written. */
  readonly names: readonly BytePath[];
  /** How many of the names exist. */
  readonly existing: number;
  /** What the last name is, where all exist. */
  readonly node: Node | undefined;
}

export interface DeadEnd {
  readonly isDeadEnd: true;
  /** To be put behind the path. */
  readonly problem: string;
}

const tooManyLinks = deadEnd(`leads through over ${maxLinks} links`);
const tooManyNames = deadEnd(`leads through over ${maxNames} directories and links`);
const noDirectory = deadEnd('leads through what is no directory');

function deadEnd(problem: string): DeadEnd {
  return Object.freeze({ isDeadEnd: true, problem });
}

/** A name that is looked for in an existing node. */
interface Look<Node> {
  readonly parent: Node;
  readonly name: BytePath;
}

/**
 * Follows a path as a process would for which the root is `/`: absolute links begin there, and `..` ends there. `find`
 * looks for a name in a node. A dead end are over 40 links, over 4096 names, and what `leadsOn` forbids.
 */
export function followLinks<Node>(
  request: WayRequest<Node>,
  find: (parent: Node, name: BytePath) => Node | undefined,
): Way<Node> {
  const way = takeWay(request);
  let look = way.next();
  while (look.done !== true) look = way.next(find(look.value.parent, look.value.name));
  return look.value;
}

/** The same where looking for a name takes time. */
export async function followLinksSlowly<Node>(
  request: WayRequest<Node>,
  find: (parent: Node, name: BytePath) => Promise<Node | undefined>,
): Promise<Way<Node>> {
  const way = takeWay(request);
  let look = way.next();
  while (look.done !== true) look = way.next(await find(look.value.parent, look.value.name));
  return look.value;
}

/** The same in a tree in memory. */
export function followInTree(tree: FileTree, path: BytePath): Way<TreeNode> {
  return followLinks({ path, root: tree.root, targetOf }, (parent, name) =>
    parent.children?.get(name),
  );
}

function targetOf({ inode }: TreeNode): BytePath | undefined {
  return inode.type === 'symlink' ? inode.target : undefined;
}

/** One step a name, so that who looks for names decides whether to wait. */
function* takeWay<Node>(
  request: WayRequest<Node>,
): Generator<Look<Node>, Way<Node>, Node | undefined> {
  const { root, targetOf: linkTarget, leadsOn = () => true } = request;
  const pending = request.path.split('/').reverse();
  const names: BytePath[] = [];
  const nodes: (Node | undefined)[] = [root];
  let taken = pending.length;
  let links = 0;
  if (taken > maxNames) return tooManyNames;
  while (pending.length > 0) {
    const name = pending.pop() ?? '';
    if (name === '' || name === '.') continue;
    const parent = nodes.at(-1);
    if (!leadsOn(parent)) return noDirectory;
    if (name === '..') {
      names.pop();
      if (nodes.length > 1) nodes.pop();
      continue;
    }
    const node = parent === undefined ? undefined : yield { parent, name };
    const target = node === undefined ? undefined : linkTarget(node);
    if (target === undefined) {
      names.push(name);
      nodes.push(node);
      continue;
    }
    links += 1;
    if (links > maxLinks) return tooManyLinks;
    if (target.startsWith('/')) {
      names.length = 0;
      nodes.length = 1;
    }
    const parts = target.split('/');
    taken += parts.length;
    if (taken > maxNames) return tooManyNames;
    pending.push(...parts.reverse());
  }
  const missing = nodes.indexOf(undefined);
  const existing = missing === -1 ? names.length : missing - 1;
  return { isDeadEnd: false, names, existing, node: nodes.at(-1) };
}
