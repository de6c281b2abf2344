import type { BytePath } from '../../bytes/byte-path.ts';
import { type Inode, sameContent, sameMetadata } from '../../tree/inode.ts';
import type { BinPlace } from '../../tree/tree-page.ts';
import type { TreeReader } from '../../tree/tree-reader.ts';
import type { TreePageReference } from '../../tree/tree-root.ts';

/** An inode of a stored tree, and what takes its place. */
export interface InodeChange {
  /** Its first path. */
  readonly path: BytePath;
  readonly before: Inode;
  readonly after: Inode;
  /** How many of its names are put anew. */
  readonly names: number;
  /** The page of its first path. */
  readonly page: TreePageReference;
  readonly place: BinPlace | null;
}

interface OpenChange extends InodeChange {
  names: number;
}

/**
 * Holds what is put against a stored tree. Null when a path is not there, or when names are links of each other in one of
 * the two alone; names that are not put are left to the caller to count. Left out is what is put as it was, where that is
 * no matter of links.
 */
export async function findChanges(
  tree: TreeReader,
  puts: ReadonlyMap<BytePath, Inode>,
): Promise<InodeChange[] | null> {
  const changes = new Map<BytePath, OpenChange>();
  const firstPaths = new Map<Inode, BytePath>();
  for (const [path, after] of puts) {
    const found = await findFirst(tree, path);
    if (found === null) return null;
    const isDirectory = after.type === 'directory';
    const firstPath = isDirectory ? found.path : (firstPaths.get(after) ?? found.path);
    const known = changes.get(found.path);
    if (firstPath !== found.path || (known !== undefined && known.after !== after)) return null;
    firstPaths.set(after, firstPath);
    if (known === undefined) changes.set(firstPath, { ...found, after, names: 1 });
    else known.names += 1;
  }
  const hasLinks = tree.root.totals.hardLinks > 0;
  return [...changes.values()].filter((change) => !isSame(change) || hasLinks);
}

/** True where nothing is to be written. */
export function isSame({ before, after }: InodeChange): boolean {
  return sameMetadata(before, after) && sameContent(before, after);
}

async function findFirst(
  tree: TreeReader,
  path: BytePath,
): Promise<Pick<InodeChange, 'path' | 'before' | 'page' | 'place'> | null> {
  const found = await tree.find(path);
  if (found === null) return null;
  const first = 'linkTo' in found.entry ? await tree.find(found.entry.linkTo) : found;
  if (first === null || 'linkTo' in first.entry) return null;
  const { path: firstPath, inode, place } = first.entry;
  return { path: firstPath, before: inode, page: first.page, place };
}
