import { metadataBlocksOf, type PlannedInode } from '../../../layout/planned-inode.ts';
import type { KnownEntry } from '../../../tree/tree-order.ts';
import { completeInodes, planKnownInode, type TreeSide } from './known-group.ts';
import { isDirectory } from './known-pages.ts';
import type { RenumberedInodes, RenumberRequest } from './renumber-inodes.ts';
import { unsure } from './unsure.ts';

/** A directory that says something else, or has another number, while its blocks stay where they are. */
export interface ChangedDirectory {
  readonly before: PlannedInode;
  readonly after: PlannedInode;
}

/** Plans the changed directories in groups that stay as they are. */
export async function changedDirectories(
  request: RenumberRequest & { readonly numbers: RenumberedInodes },
): Promise<ChangedDirectory[]> {
  const { layout, edits, pages, directories, numbers } = request;
  const entered = new Set(
    layout.entered.flatMap(({ group }) =>
      group.entries.filter(isDirectory).map(({ path }) => path),
    ),
  );
  const paths = [...numbers.changed].filter(
    (path) => !entered.has(path) && !edits.removed.has(path) && !edits.added.has(path),
  );
  await Promise.all([pages.loadPaths(paths), directories.load(paths)]);
  return paths.map((path) => {
    const entry = pages.find(path) ?? unsure('a directory that is not in the tree');
    const { metadataStart } = directories.at(path);
    const before = planPlaced(entry, numbers.before, metadataStart);
    const after = planPlaced(entry, numbers.after, metadataStart);
    if (metadataBlocksOf(before) !== metadataBlocksOf(after)) unsure('a directory that grows');
    return { before, after };
  });
}

function planPlaced(entry: KnownEntry, side: TreeSide, metadataStart: number): PlannedInode {
  const [planned] = planKnownInode(entry, side);
  if (planned === undefined) return unsure('a directory without an inode');
  completeInodes([planned], side);
  planned.metadataStart = metadataStart;
  return planned;
}
