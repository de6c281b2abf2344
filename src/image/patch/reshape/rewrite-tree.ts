import type { Digest } from '../../../digest/digest.ts';
import { placesInBins } from '../../../layout/pack-bins.ts';
import type { KnownEntry } from '../../../tree/tree-order.ts';
import { encodeTreePage } from '../../../tree/tree-page.ts';
import {
  encodeTreeRoot,
  type TreePageReference,
  type TreeRoot,
  type TreeTotals,
} from '../../../tree/tree-root.ts';
import type { StoreBlob } from '../../write-tree.ts';
import type { PatchedTree } from '../patch-tree.ts';
import type { TreeEdits } from './edit-tree.ts';
import type { KnownGroup } from './known-group.ts';
import { isFirst, keyOfEntry } from './known-pages.ts';
import type { NextPage } from './next-layout.ts';
import { unsure } from './unsure.ts';

export interface TreeToRewrite {
  readonly root: TreeRoot;
  readonly pages: readonly NextPage[];
  readonly bins: ReadonlyMap<KnownGroup, readonly Digest[]>;
  readonly edits: TreeEdits;
}

/** Stores the pages of the groups of a changed tree that are others now, and its root. */
export async function rewriteTree(tree: TreeToRewrite, storeBlob: StoreBlob): Promise<PatchedTree> {
  const pages: TreePageReference[] = [];
  for (const page of tree.pages) {
    if ('number' in page) {
      pages.push(tree.root.pages[page.number] ?? unsure('a page that is not there'));
      continue;
    }
    const { entries, bins } = page.group;
    const [first] = entries;
    if (first === undefined) return unsure('a group of no entries');
    const digests = tree.bins.get(page.group) ?? unsure('a group without its bins');
    const places = placesInBins(bins);
    const digest = await storeBlob(encodeTreePage({ entries, bins: digests, places }));
    pages.push({ digest, firstKey: keyOfEntry(first), entries: entries.length });
  }
  const totals = totalsAfter(tree);
  const root = await storeBlob(encodeTreeRoot({ totals, pages }));
  return { root, pages: pages.map(({ digest }) => digest) };
}

function totalsAfter({ root, edits }: TreeToRewrite): TreeTotals {
  const totals = { ...root.totals };
  const count = (entry: KnownEntry, sign: 1 | -1): void => {
    const { inode } = entry;
    if (!isFirst(entry) || inode === null) totals.hardLinks += sign;
    else if (inode.type === 'directory') totals.directories += sign;
    else if (inode.type === 'file') {
      totals.files += sign;
      totals.contentBytes += sign * inode.sizeBytes;
    } else totals.others += sign;
  };
  for (const entry of edits.removed.values()) count(entry, -1);
  for (const entry of edits.added.values()) count(entry, 1);
  return totals;
}
