import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { placesInBins } from '../layout/pack-bins.ts';
import type { PlannedGroup } from '../layout/plan-layout.ts';
import type { WrittenLayout } from '../layout/write-layout.ts';
import { type TreeEntry, treeKeyOf } from '../tree/tree-order.ts';
import { encodeTreePage } from '../tree/tree-page.ts';
import { encodeTreeRoot, type TreePageReference, type TreeTotals } from '../tree/tree-root.ts';

/** Keeps a page and gives its digest. */
export type StoreBlob = (bytes: Buffer) => Promise<Digest>;

export interface WrittenTree {
  readonly root: Digest;
  readonly pages: readonly Digest[];
  readonly totals: TreeTotals;
}

/** Stores the tree of an image: a page for each group of the layout, and the root over them. */
export async function writeTree(
  source: {
    readonly entries: readonly TreeEntry[];
    readonly groups: readonly PlannedGroup[];
    readonly layout: WrittenLayout;
  },
  storeBlob: StoreBlob,
): Promise<WrittenTree> {
  const pages: TreePageReference[] = [];
  for (const group of source.groups)
    pages.push(await writeTreePage(group, source.layout, storeBlob));
  const totals = countTotals(source.entries);
  const root = await storeBlob(encodeTreeRoot({ totals, pages }));
  return { root, pages: pages.map((page) => page.digest), totals };
}

async function writeTreePage(
  group: PlannedGroup,
  layout: WrittenLayout,
  storeBlob: StoreBlob,
): Promise<TreePageReference> {
  const places = placesInBins(group.bins);
  const bins = layout.bins.get(group) ?? [];
  const digest = await storeBlob(encodeTreePage({ entries: group.entries, bins, places }));
  const [first] = group.entries;
  if (first === undefined) throw new AshlarError('internal', 'a group of no entries');
  return { digest, firstKey: treeKeyOf(first), entries: group.entries.length };
}

function countTotals(entries: readonly TreeEntry[]): TreeTotals {
  const totals = { directories: 0, files: 0, others: 0, hardLinks: 0, contentBytes: 0 };
  for (const { path, firstPath, inode } of entries) {
    if (path !== firstPath) totals.hardLinks += 1;
    else if (inode.type === 'directory') totals.directories += 1;
    else if (inode.type === 'file') {
      totals.files += 1;
      totals.contentBytes += inode.sizeBytes;
    } else totals.others += 1;
  }
  return totals;
}
