import type { BytePath } from '../../../bytes/byte-path.ts';
import { isFileName, nameOf, parentOf } from '../../../tree/file-tree.ts';
import { type Inode, sameContent, sameMetadata } from '../../../tree/inode.ts';
import { compareTreeKeys, type KnownEntry } from '../../../tree/tree-order.ts';
import { isDirectory, isFirst, keyOfEntry, type KnownPages } from './known-pages.ts';
import { unsure } from './unsure.ts';

/** What is done to a tree: names are removed with all below them, then others are put. */
export interface TreeChanges {
  /** The same object at several paths is a hard link. */
  readonly puts: ReadonlyMap<BytePath, Inode>;
  readonly removals: ReadonlySet<BytePath>;
}

/** The entries in which two trees differ; what changes in place is in both. */
export interface TreeEdits {
  readonly removed: ReadonlyMap<BytePath, KnownEntry>;
  readonly added: ReadonlyMap<BytePath, KnownEntry>;
}

const maxEdits = 5000;

/** Finds which entries of a stored tree changes remove, and which they bring. */
export async function editTree(
  pages: KnownPages,
  { puts, removals }: TreeChanges,
): Promise<TreeEdits> {
  const parents = [...puts.keys()].map(parentOf);
  await pages.loadPaths(['', ...removals, ...puts.keys(), ...parents]);
  const removed = new Map<BytePath, KnownEntry>();
  for (const path of removals) await removeWithBelow(pages, path, removed);
  const names = Map.groupBy(puts, ([, inode]) => inode);
  const isLinked = (inode: Inode): boolean =>
    inode.type !== 'directory' &&
    (pages.root.totals.hardLinks > 0 || (names.get(inode)?.length ?? 0) > 1);
  const changed = new Map<BytePath, Inode>();
  for (const [path, inode] of puts) {
    if (path !== '' && (!isFileName(nameOf(path)) || nameOf(path).length > 255))
      unsure('a name that no file can have');
    const found = removed.has(path) ? null : pages.find(path);
    // Of hard links, more than the entry would have to be looked at.
    if (found !== null && isAsBefore(found, inode) && !isLinked(inode)) continue;
    if (found !== null && isDirectory(found) && inode.type !== 'directory')
      await removeWithBelow(pages, path, removed);
    else if (found !== null) removed.set(path, found);
    changed.set(path, inode);
  }
  const added = addedEntries(changed);
  if (removed.has('') || removed.size + added.size > maxEdits) unsure('too much changes');
  for (const path of added.keys()) {
    const parent = added.get(parentOf(path)) ?? kept(pages, parentOf(path), removed);
    if (parent === null || !isDirectory(parent)) unsure('a name in what is no directory');
  }
  return { removed, added };
}

function kept(
  pages: KnownPages,
  path: BytePath,
  removed: ReadonlyMap<BytePath, KnownEntry>,
): KnownEntry | null {
  return removed.has(path) ? null : pages.find(path);
}

function isAsBefore({ inode: before }: KnownEntry, after: Inode): boolean {
  return before !== null && sameMetadata(before, after) && sameContent(before, after);
}

async function removeWithBelow(
  pages: KnownPages,
  path: BytePath,
  removed: Map<BytePath, KnownEntry>,
): Promise<void> {
  const found = pages.find(path);
  if (found === null) return;
  removed.set(path, found);
  if (!isDirectory(found)) return;
  // All that is below a directory follows it.
  for (let number = pages.numberOf(keyOfEntry(found)); ; number += 1) {
    if (number >= pages.root.pages.length) return;
    await pages.load([number]);
    const { entries } = pages.at(number);
    for (const entry of entries) {
      if (entry.path.startsWith(`${path}/`)) removed.set(entry.path, entry);
    }
    if (removed.size > maxEdits) unsure('too much is removed');
    const last = entries.at(-1);
    if (last !== undefined && last.path !== path && !removed.has(last.path)) return;
  }
}

/** Names of one object are hard links of the first of them in the order of the tree. */
function addedEntries(puts: ReadonlyMap<BytePath, Inode>): Map<BytePath, KnownEntry> {
  const entries = [...puts].map(([path, inode]): KnownEntry & { readonly inode: Inode } => ({
    path,
    firstPath: path,
    inode,
  }));
  const firstPaths = new Map<Inode, BytePath>();
  const added = new Map<BytePath, KnownEntry>();
  for (const entry of sortedEntries(entries)) {
    const { path, inode } = entry;
    const firstPath = inode.type === 'directory' ? path : (firstPaths.get(inode) ?? path);
    firstPaths.set(inode, firstPath);
    added.set(path, firstPath === path ? entry : { path, firstPath, inode: null });
  }
  return added;
}

export function sortedEntries<Entry extends KnownEntry>(entries: readonly Entry[]): Entry[] {
  return entries
    .map((entry) => ({ entry, key: keyOfEntry(entry) }))
    .sort((left, right) => compareTreeKeys(left.key, right.key))
    .map(({ entry }) => entry);
}

/** The type of an added name, that of a later hard link too. */
export function typeOfAdded({ added }: TreeEdits, entry: KnownEntry): Inode['type'] {
  const inode = isFirst(entry) ? entry.inode : added.get(entry.firstPath)?.inode;
  return inode?.type ?? unsure('a hard link to nothing');
}
