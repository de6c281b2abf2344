import { entrySequence, entryWeight } from '../../../layout/group-entries.ts';
import { groupLimits } from '../../../layout/layout-parameters.ts';
import type { GroupOutline } from '../../../layout/layout-outline.ts';
import { isCertainPeak, recutSequence, stretchesAround } from '../../../layout/recut-sequence.ts';
import type { Part, PartSummary } from '../../../layout/split-sequence.ts';
import { compareTreeKeys, type KnownEntry } from '../../../tree/tree-order.ts';
import { sortedEntries, type TreeEdits } from './edit-tree.ts';
import { isDirectory, keyOfEntry, type KnownPages } from './known-pages.ts';
import { recutRanges } from './recut-ranges.ts';

/** A group of the changed tree: one of the stored, or others of which all entries are known. */
export type NextGroup =
  | { readonly kind: 'kept'; readonly number: number }
  | {
      readonly kind: 'new';
      readonly entries: readonly KnownEntry[];
      readonly cut: PartSummary;
    };

export interface RecutRequest {
  readonly pages: KnownPages;
  readonly groups: readonly GroupOutline[];
  readonly edits: TreeEdits;
  /** Groups that have to be laid out anew, whatever becomes of their entries. */
  readonly touched: ReadonlySet<number>;
}

/**
 * Cuts a changed tree into groups, as the layout of the whole would: only those around the changes are looked at, so far as
 * others cannot be cut elsewhere than before.
 */
export async function recutGroups(request: RecutRequest): Promise<NextGroup[]> {
  const { pages, groups, edits, touched } = request;
  const byPage = editsByPage(pages, edits);
  const ranges: Part[] = [];
  for (const [number, own] of byPage) {
    if (!changesSequence(own)) continue;
    // Without its first entry, a group does not begin where it did.
    const first = losesFirst(pages, number, own) ? number - 1 : number;
    ranges.push(stretchesAround(groups, { first, last: number }));
  }
  const entriesOf = (number: number): readonly KnownEntry[] =>
    editedEntries(pages.at(number).entries, byPage.get(number));
  const recut = await recutRanges({
    parts: groups,
    ranges,
    limits: groupLimits,
    isCertain: isCertainPeak,
    async cut({ start, end }) {
      await pages.load(numbersOf({ start, end }));
      const entries = numbersOf({ start, end }).flatMap(entriesOf);
      const bounds = { begins: start === 0, nextHash: groups[end]?.firstHash ?? null };
      return recutSequence(entrySequence(entries), groupLimits, bounds).map((part) => ({
        ...part,
        entries: entries.slice(part.start, part.end),
      }));
    },
  });
  const inPlace = new Set([...touched, ...byPage.keys()]);
  await pages.load(inPlace);
  return recut.flatMap((part): NextGroup[] => {
    if (part.kind === 'kept') {
      const { number } = part;
      const cut = groups[number];
      if (!inPlace.has(number) || cut === undefined) return [{ kind: 'kept', number }];
      return [{ kind: 'new', entries: entriesOf(number), cut }];
    }
    return part.parts.map(({ entries, ...cut }): NextGroup => {
      const number = sameGroup(pages, entries);
      const isKept =
        number !== null && !touched.has(number) && groups[number]?.isPeak === cut.isPeak;
      return isKept ? { kind: 'kept', number } : { kind: 'new', entries, cut };
    });
  });
}

export function numbersOf({ start, end }: Part): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

interface PageEdits {
  readonly removed: KnownEntry[];
  readonly added: KnownEntry[];
}

function editsByPage(pages: KnownPages, edits: TreeEdits): Map<number, PageEdits> {
  const byPage = new Map<number, PageEdits>();
  for (const kind of ['removed', 'added'] as const) {
    for (const entry of edits[kind].values()) {
      const number = pages.numberOf(keyOfEntry(entry));
      const own = byPage.get(number) ?? { removed: [], added: [] };
      byPage.set(number, own);
      own[kind].push(entry);
    }
  }
  return byPage;
}

/** Whether a change in place is all that happens to a group: then nothing is cut elsewhere. */
function changesSequence({ removed, added }: PageEdits): boolean {
  if (removed.length !== added.length) return true;
  const before = new Map(removed.map((entry) => [entry.path, entry]));
  return added.some((entry) => {
    const old = before.get(entry.path);
    return (
      old === undefined ||
      isDirectory(old) !== isDirectory(entry) ||
      entryWeight(old) !== entryWeight(entry)
    );
  });
}

function losesFirst(pages: KnownPages, number: number, { removed, added }: PageEdits): boolean {
  const first = pages.loaded.get(number)?.entries[0];
  if (first === undefined || !removed.includes(first)) return false;
  return !added.some(
    (entry) => entry.path === first.path && isDirectory(entry) === isDirectory(first),
  );
}

function editedEntries(
  entries: readonly KnownEntry[],
  edits: PageEdits | undefined,
): readonly KnownEntry[] {
  if (edits === undefined) return entries;
  const removed = new Set(edits.removed);
  const left = entries.filter((entry) => !removed.has(entry));
  const added = sortedEntries(edits.added);
  const merged: KnownEntry[] = [];
  for (const entry of left) {
    while (added[0] !== undefined && isBefore(added[0], entry)) merged.push(...added.splice(0, 1));
    merged.push(entry);
  }
  return [...merged, ...added];
}

function isBefore(left: KnownEntry, right: KnownEntry): boolean {
  return compareTreeKeys(keyOfEntry(left), keyOfEntry(right)) < 0;
}

/** The stored group that has exactly these entries. */
function sameGroup(pages: KnownPages, entries: readonly KnownEntry[]): number | null {
  const [first] = entries;
  if (first === undefined) return null;
  const number = pages.numberOf(keyOfEntry(first));
  const before = pages.at(number).entries;
  const isSame =
    before.length === entries.length && before.every((entry, index) => entry === entries[index]);
  return isSame ? number : null;
}
