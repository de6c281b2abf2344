import type { BytePath } from '../../bytes/byte-path.ts';
import type { Digest } from '../../digest/digest.ts';
import { recodeTreePage, type TreePage } from '../../tree/tree-page.ts';
import type { TreeReader } from '../../tree/tree-reader.ts';
import { encodeTreeRoot, type TreePageReference, type TreeTotals } from '../../tree/tree-root.ts';
import type { StoreBlob } from '../write-tree.ts';
import type { InodeChange } from './find-changes.ts';

/** A change with the digest of the bin that holds its content now; null where it has none. */
export interface StoredChange extends InodeChange {
  readonly bin: Digest | null;
}

export interface PatchedTree {
  readonly root: Digest;
  /** All pages in order, those that stay the same too. */
  readonly pages: readonly Digest[];
}

/** Stores the pages of a tree that changes touch, and its root. */
export async function patchTree(
  tree: TreeReader,
  changes: readonly StoredChange[],
  storeBlob: StoreBlob,
): Promise<PatchedTree> {
  const byPage = Map.groupBy(changes, ({ page }) => page);
  const pages: TreePageReference[] = [];
  for (const reference of tree.root.pages) {
    const own = byPage.get(reference);
    if (own === undefined) {
      pages.push(reference);
      continue;
    }
    const page = changedPage(await tree.readPage(reference), own);
    pages.push({ ...reference, digest: await storeBlob(recodeTreePage(page)) });
  }
  const totals = changedTotals(tree.root.totals, changes);
  const root = await storeBlob(encodeTreeRoot({ totals, pages }));
  return { root, pages: pages.map(({ digest }) => digest) };
}

function changedPage(page: TreePage, changes: readonly StoredChange[]): TreePage {
  const bins = [...page.bins];
  const inodes = new Map<BytePath, StoredChange>();
  for (const change of changes) {
    inodes.set(change.path, change);
    if (change.place !== null && change.bin !== null) bins[change.place.bin] = change.bin;
  }
  const entries = page.entries.map((entry) => {
    const change = inodes.get(entry.path);
    return change === undefined || 'linkTo' in entry ? entry : { ...entry, inode: change.after };
  });
  return { bins, entries };
}

function changedTotals(totals: TreeTotals, changes: readonly InodeChange[]): TreeTotals {
  let { contentBytes } = totals;
  for (const { before, after } of changes)
    if (before.type === 'file' && after.type === 'file')
      contentBytes += after.sizeBytes - before.sizeBytes;
  return { ...totals, contentBytes };
}
