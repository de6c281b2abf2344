/** One file of a tree, in few words; a string is a file of this text, 0644 of root. */
export type Entry =
  | string
  | ({ readonly content: string | Buffer } & Owned)
  | ({ readonly directory: true } & Owned)
  | ({ readonly target: string } & Owned);

interface Owned {
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** By path without a leading slash. Directories on the way are made, 0755 of root. */
export type Tree = Readonly<Record<string, Entry>>;

/** A change of a tree that makes it awkward. */
export type TreeEdit = (tree: Tree) => Tree;

/** The tree without a path and all that lies below it. */
export function without(tree: Tree, ...paths: readonly string[]): Tree {
  const isGone = (path: string): boolean =>
    paths.some((gone) => path === gone || path.startsWith(`${gone}/`));
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !isGone(path)));
}

/** The text of a file of the tree; empty where there is none. */
export function textIn(tree: Tree, path: string): string {
  const entry = tree[path];
  if (entry === undefined) return '';
  if (typeof entry === 'string') return entry;
  return 'content' in entry ? entry.content.toString('latin1') : '';
}

/** The tree with another text in a file whose mode and owner stay. */
export function withText(tree: Tree, path: string, text: string): Tree {
  const entry = tree[path];
  const owned = entry !== undefined && typeof entry === 'object' && 'content' in entry ? entry : {};
  return { ...tree, [path]: { ...owned, content: text } };
}
