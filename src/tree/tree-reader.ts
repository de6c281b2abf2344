import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { joinPath, nameOf, parentOf } from './file-tree.ts';
import { followLinksSlowly } from './follow-links.ts';
import type { Inode } from './inode.ts';
import type { TreeEntry, TreeKey } from './tree-order.ts';
import type { TreePage, TreePageEntry } from './tree-page.ts';
import { pageOfKey, type TreePageReference, type TreeRoot } from './tree-root.ts';

/** Reads the tree of a stored image page by page. */
export interface TreeReader {
  readonly root: TreeRoot;
  /** The entry of exactly this path, links not followed; null where there is none. Reads at most three pages. */
  lookup(path: BytePath): Promise<Inode | null>;
  /** As `lookup`, with symbolic links followed inside the image; `file_not_found` where it leads nowhere. */
  lookupFollowing(path: BytePath): Promise<{ readonly path: BytePath; readonly inode: Inode }>;
  /** The entry of exactly this path as its page has it; null where there is none. Reads at most two pages. */
  find(path: BytePath): Promise<FoundEntry | null>;
  readPage(reference: TreePageReference): Promise<TreePage>;
  /** All entries in the canonical order, or those at and below a directory. Hard links share an inode object. */
  entries(below?: BytePath): AsyncIterable<TreeEntry>;
}

export interface FoundEntry {
  readonly page: TreePageReference;
  readonly entry: TreePageEntry;
}

export type ReadTreePage = (page: TreePageReference) => Promise<TreePage>;

export function createTreeReader(root: TreeRoot, readPage: ReadTreePage): TreeReader {
  const indexOf = createPageIndexes();
  const findAt = async (key: TreeKey, path: BytePath): Promise<FoundEntry | null> => {
    const reference = pageOfKey(root, key);
    if (reference === undefined) return null;
    const entry = indexOf(await readPage(reference)).get(path);
    if (entry === undefined || isDirectoryEntry(entry) !== (key.name === '')) return null;
    return { page: reference, entry };
  };
  const find = async (path: BytePath): Promise<FoundEntry | null> => {
    const other =
      path === '' ? null : await findAt({ directory: parentOf(path), name: nameOf(path) }, path);
    return other ?? findAt({ directory: path, name: '' }, path);
  };
  const lookup = async (path: BytePath): Promise<Inode | null> => {
    const entry = (await find(path))?.entry;
    if (entry === undefined) return null;
    if (!('linkTo' in entry)) return entry.inode;
    const first = (await find(entry.linkTo))?.entry;
    if (first === undefined || 'linkTo' in first) throw brokenLink(path);
    return first.inode;
  };
  return {
    root,
    find,
    readPage,
    lookup,
    lookupFollowing: (path) => follow(lookup, path),
    async *entries(below = '') {
      const inodes = new Map<BytePath, Inode>();
      for (const reference of root.pages) {
        const page = await readPage(reference);
        for (const entry of page.entries) {
          const inode = 'linkTo' in entry ? inodes.get(entry.linkTo) : entry.inode;
          if (inode === undefined) throw brokenLink(entry.path);
          if (inode.type !== 'directory') inodes.set(entry.path, inode);
          const firstPath = 'linkTo' in entry ? entry.linkTo : entry.path;
          if (isAtOrBelow(entry.path, below)) yield { path: entry.path, inode, firstPath };
        }
      }
    },
  };
}

/** The entries of a page by path, for as long as somebody keeps the page. No path is in it twice. */
function createPageIndexes(): (page: TreePage) => ReadonlyMap<BytePath, TreePageEntry> {
  const indexes = new WeakMap<TreePage, ReadonlyMap<BytePath, TreePageEntry>>();
  return (page) => {
    const known = indexes.get(page);
    if (known !== undefined) return known;
    const index = new Map(page.entries.map((entry) => [entry.path, entry]));
    indexes.set(page, index);
    return index;
  };
}

interface Place {
  readonly path: BytePath;
  readonly inode: Inode;
}

async function follow(
  lookup: (path: BytePath) => Promise<Inode | null>,
  path: BytePath,
): Promise<Place> {
  const find = async (place: BytePath): Promise<Place | undefined> => {
    const inode = await lookup(place);
    return inode === null ? undefined : { path: place, inode };
  };
  const root = await find('');
  if (root === undefined) throw notFound(path);
  const way = await followLinksSlowly<Place>(
    {
      path,
      root,
      targetOf: ({ inode }) => (inode.type === 'symlink' ? inode.target : undefined),
      leadsOn: (place) => place?.inode.type === 'directory',
    },
    (parent, name) => find(joinPath(parent.path, name)),
  );
  if (way.isDeadEnd || way.node === undefined) throw notFound(path);
  return way.node;
}

function notFound(path: BytePath): AshlarError {
  const shown = `/${toDisplay(path.replace(/^\/+/, ''))}`;
  return new AshlarError('file_not_found', `the image has no file ${shown}`, {
    data: { path: shown },
  });
}

function isDirectoryEntry(entry: TreePageEntry): boolean {
  return 'inode' in entry && entry.inode.type === 'directory';
}

function isAtOrBelow(path: BytePath, directory: BytePath): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

function brokenLink(path: BytePath): AshlarError {
  return new AshlarError('tree_corrupt', `the hard link /${toDisplay(path)} leads to nothing`);
}
