import type { BytePath } from '../../../bytes/byte-path.ts';
import type { LayoutOutline } from '../../../layout/layout-outline.ts';
import { largeFilesOf } from '../../../layout/layout-outline.ts';
import { type OutlinePlaces, placeOutline } from '../../../layout/place-outline.ts';
import { placeGroup } from '../../../layout/plan-layout.ts';
import { ownChunksOf } from '../../../layout/planned-inode.ts';
import type { TreeEdits } from './edit-tree.ts';
import { type KnownGroup, planKnownGroup, type TreeSide } from './known-group.ts';
import { isDirectory, type KnownPages } from './known-pages.ts';
import { type NextGroup, recutGroups } from './recut-groups.ts';
import { changedSlabs, type NumberedSlab } from './changed-slabs.ts';
import { type KnownSlabs, type NextSlab, recutSlabs } from './recut-slabs.ts';
import type { StoredDirectories } from './stored-directories.ts';
import { unsure } from './unsure.ts';

/** A group that is laid out anew: it is another one, or lies elsewhere, or its inodes have other numbers. */
export interface LaidOut {
  readonly group: KnownGroup;
  /** First number of its slab. */
  readonly firstNumber: number | null;
}

/** One of the stored groups. */
export interface LeftGroup extends LaidOut {
  /** The number of its page. */
  readonly page: number;
}

/** The groups of the changed tree in order: numbers of stored groups whose page is the same, else what they are now. */
export type NextPage = { readonly number: number } | { readonly group: KnownGroup };

/** What a change makes of a layout, and what of the stored one has no place in it any more. */
export interface NextLayout {
  readonly outline: LayoutOutline;
  readonly pages: readonly NextPage[];
  readonly before: OutlinePlaces;
  readonly after: OutlinePlaces;
  readonly left: readonly LeftGroup[];
  readonly entered: readonly LaidOut[];
  /** Slabs of directories that are others, or lie elsewhere. */
  readonly leftSlabs: readonly NumberedSlab[];
  readonly enteredSlabs: readonly NumberedSlab[];
}

export interface LayoutRequest {
  readonly outline: LayoutOutline;
  readonly diskBytes: number;
  readonly pages: KnownPages;
  readonly slabs: KnownSlabs;
  readonly directories: StoredDirectories;
  readonly edits: TreeEdits;
  /** Groups in which a directory takes another number of blocks. */
  readonly touched: ReadonlySet<number>;
  readonly sides: Record<'before' | 'after', Pick<TreeSide, 'names'>>;
}

/** Groups that are encoded anew; with more, the whole layout is not much dearer. */
const maxGroups = 100;

/** Plans what becomes of a layout; inodes have places, but no numbers yet. */
export async function planNextLayout(request: LayoutRequest): Promise<NextLayout> {
  const { outline, diskBytes, pages, edits, touched } = request;
  const next = await recutGroups({ pages, groups: outline.groups, edits, touched });
  const slabs = await recutSlabs(request.slabs, outline.directorySlabs, edits);
  await loadDirectories(request, next);
  const planned = next.map((group) =>
    group.kind === 'new' ? planKnownGroup(group, request.sides.after) : null,
  );
  const outlineAfter: LayoutOutline = {
    groups: next.map((group, at) => outlineOf(group, planned[at] ?? null, outline)),
    directorySlabs: slabs.map((slab) => slabOutline(slab, outline)),
    largeFiles: largeFilesAfter(request, next, planned),
  };
  const before = placeOutline(outline, diskBytes);
  const after = placeOutline(outlineAfter, diskBytes);
  if (after.geometry.inodesPerGroup !== before.geometry.inodesPerGroup)
    unsure('tables of another size');
  const places = { outlineAfter, before, after };
  return {
    outline: outlineAfter,
    pages: next.map((group, at) => pageOf(group, planned[at] ?? null)),
    before,
    after,
    ...(await changedGroups(request, places, { next, planned })),
    ...(await changedSlabs(request, slabs, places)),
  };
}

async function changedGroups(
  request: LayoutRequest,
  places: Places,
  {
    next,
    planned,
  }: {
    readonly next: readonly NextGroup[];
    readonly planned: readonly (KnownGroup | null)[];
  },
): Promise<Pick<NextLayout, 'left' | 'entered'>> {
  const { outline, pages } = request;
  const moved = await movedGroups(request, { next, ...places });
  const stays = (group: NextGroup): boolean => group.kind === 'kept' && !moved.has(group.number);
  const staying = new Set(next.filter(stays).map(numberOf));
  const leaving = [...outline.groups.keys()].filter((number) => !staying.has(number));
  if (leaving.length + next.length - staying.size > 2 * maxGroups) unsure('too many groups');
  await pages.load(leaving);
  await loadDirectories(
    request,
    leaving.map((number) => ({ kind: 'kept', number })),
  );
  const placing = { request, ...places };
  return {
    left: leaving.map((number) => layOutBefore(placing, number)),
    entered: next.flatMap((group, at) => {
      if (stays(group)) return [];
      return [layOutAfter(placing, planned[at] ?? replan(request, numberOf(group)), at)];
    }),
  };
}

function numberOf(group: NextGroup): number {
  return group.kind === 'kept' ? group.number : -1;
}

function pageOf(group: NextGroup, planned: KnownGroup | null): NextPage {
  if (planned !== null) return { group: planned };
  return { number: numberOf(group) };
}

function outlineOf(
  group: NextGroup,
  planned: KnownGroup | null,
  { groups }: LayoutOutline,
): LayoutOutline['groups'][number] {
  return planned?.outline ?? groups[numberOf(group)] ?? unsure('a group without an outline');
}

function slabOutline(
  slab: NextSlab,
  { directorySlabs }: LayoutOutline,
): LayoutOutline['directorySlabs'][number] {
  if (slab.kind === 'new') return slab.outline;
  return directorySlabs[slab.number] ?? unsure('a slab without an outline');
}

/** Reads what the disk has of the directories in groups, of which the pages were read. */
async function loadDirectories(
  { pages, directories, edits }: LayoutRequest,
  groups: readonly NextGroup[],
): Promise<void> {
  const paths = groups.flatMap((group) => {
    const entries =
      group.kind === 'new' ? group.entries : (pages.loaded.get(group.number)?.entries ?? []);
    return entries.filter(isDirectory).map(({ path }) => path);
  });
  const isStored = (path: BytePath): boolean => {
    const old = edits.removed.get(path);
    return old === undefined ? !edits.added.has(path) : isDirectory(old);
  };
  await directories.load(paths.filter(isStored));
}

/** Those in groups that stay as they are, and those in groups that are planned anew. */
function largeFilesAfter(
  { outline, pages }: LayoutRequest,
  next: readonly NextGroup[],
  planned: readonly (KnownGroup | null)[],
): LayoutOutline['largeFiles'] {
  const kept = new Set(next.map(numberOf));
  const gone = new Set(
    outline.groups.flatMap((_, number) =>
      kept.has(number) ? [] : pages.at(number).entries.map(({ path }) => path),
    ),
  );
  const fresh = planned.flatMap((group) => (group === null ? [] : largeFilesOf(group.inodes)));
  return [
    ...outline.largeFiles.filter(({ path }) => !gone.has(path)),
    ...fresh.map(({ path, inode }) => ({ path, chunks: ownChunksOf(inode) })),
  ];
}

interface Places {
  readonly outlineAfter: LayoutOutline;
  readonly before: OutlinePlaces;
  readonly after: OutlinePlaces;
}

/** The kept groups that lie elsewhere in part. */
async function movedGroups(
  { outline, pages }: LayoutRequest,
  { next, outlineAfter, before, after }: Places & { readonly next: readonly NextGroup[] },
): Promise<Set<number>> {
  const moved = new Set<number>();
  next.forEach((group, at) => {
    if (group.kind !== 'kept') return;
    const { number } = group;
    if (before.groups[number] !== after.groups[at]) moved.add(number);
    if (before.fileSlabs[number] !== after.fileSlabs[at]) moved.add(number);
  });
  const starts = new Map(
    outlineAfter.largeFiles.map(({ path }, index) => [path, after.largeFiles[index]]),
  );
  const files = outline.largeFiles.filter(
    ({ path }, index) => starts.has(path) && starts.get(path) !== before.largeFiles[index],
  );
  await pages.loadPaths(files.map(({ path }) => path));
  const kept = new Set(next.map(numberOf));
  for (const [number, { byPath }] of pages.loaded) {
    if (kept.has(number) && files.some(({ path }) => byPath.has(path))) moved.add(number);
  }
  if (moved.size > maxGroups) unsure('too many groups move');
  await pages.load(moved);
  return moved;
}

/** A stored group whose entries stay as they are. */
function replan({ outline, pages, sides }: LayoutRequest, number: number): KnownGroup {
  const cut = outline.groups[number] ?? unsure('a group without an outline');
  const group = planKnownGroup({ entries: pages.at(number).entries, cut }, sides.after);
  if (group.outline.chunks !== cut.chunks) unsure('a stretch of another length');
  return group;
}

type Placing = Places & { readonly request: LayoutRequest };

function layOutBefore({ request, before }: Placing, number: number): LeftGroup {
  const { outline, pages, sides } = request;
  const cut = outline.groups[number] ?? unsure('a group without an outline');
  const group = planKnownGroup({ entries: pages.at(number).entries, cut }, sides.before);
  if (group.outline.chunks !== cut.chunks) unsure('a stretch of another length');
  placeKnownGroup(group, before.groups[number] ?? 0, { outline, places: before });
  return { group, firstNumber: before.fileSlabs[number] ?? null, page: number };
}

function layOutAfter({ outlineAfter, after }: Placing, group: KnownGroup, at: number): LaidOut {
  placeKnownGroup(group, after.groups[at] ?? 0, { outline: outlineAfter, places: after });
  return { group, firstNumber: after.fileSlabs[at] ?? null };
}

function placeKnownGroup(
  group: KnownGroup,
  start: number,
  { outline, places }: { readonly outline: LayoutOutline; readonly places: OutlinePlaces },
): void {
  placeGroup(group, start);
  for (const file of largeFilesOf(group.inodes)) {
    const index = outline.largeFiles.findIndex(
      ({ path, chunks }) => path === file.path && chunks === ownChunksOf(file.inode),
    );
    file.dataStart = places.largeFiles[index] ?? unsure('the outline lacks a large file');
  }
}
