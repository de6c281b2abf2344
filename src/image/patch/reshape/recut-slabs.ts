import type { BytePath } from '../../../bytes/byte-path.ts';
import type { SlabOutline } from '../../../layout/layout-outline.ts';
import { directorySlabLimits } from '../../../layout/layout-parameters.ts';
import { directorySequence } from '../../../layout/number-inodes.ts';
import { isCertainPeak, recutSequence, stretchesAround } from '../../../layout/recut-sequence.ts';
import type { Part } from '../../../layout/split-sequence.ts';
import { compareTreeKeys } from '../../../tree/tree-order.ts';
import type { TreeEdits } from './edit-tree.ts';
import { isDirectory, type KnownPages } from './known-pages.ts';
import { numbersOf } from './recut-groups.ts';
import { recutRanges } from './recut-ranges.ts';
import { unsure } from './unsure.ts';

/** A slab of directories of the changed tree: one of the stored, or others of which all are known. */
export type NextSlab =
  | { readonly kind: 'kept'; readonly number: number }
  | { readonly kind: 'new'; readonly outline: SlabOutline; readonly paths: readonly BytePath[] };

/** The directories of stored slabs, in order. */
export interface KnownSlabs {
  /** Reads the pages that have the directories of slabs. */
  paths(slabs: Part): Promise<BytePath[]>;
}

export function createKnownSlabs(pages: KnownPages, slabs: readonly SlabOutline[]): KnownSlabs {
  return {
    async paths({ start, end }) {
      const [first, next] = [slabs[start], slabs[end]];
      if (first === undefined || start === end) return [];
      const firstPage = pages.numberOf({ directory: first.key, name: '' });
      const lastPage =
        next === undefined
          ? pages.root.pages.length - 1
          : pages.numberOf({ directory: next.key, name: '' });
      const numbers = numbersOf({ start: firstPage, end: lastPage + 1 });
      await pages.load(numbers);
      const paths = numbers
        .flatMap((number) => pages.at(number).entries.filter(isDirectory))
        .map(({ path }) => path)
        .filter((path) => path !== '' && order(path, first.key) >= 0)
        .filter((path) => next === undefined || order(path, next.key) < 0);
      const count = slabs.slice(start, end).reduce((sum, { weight }) => sum + weight, 0);
      if (paths.length !== count || paths[0] !== first.key)
        unsure('the outline says otherwise of directories');
      return paths;
    },
  };
}

/** Cuts the directories of a changed tree into slabs, as the layout of the whole would. */
export async function recutSlabs(
  known: KnownSlabs,
  slabs: readonly SlabOutline[],
  { removed, added }: TreeEdits,
): Promise<NextSlab[]> {
  const isGone = (path: BytePath): boolean => !isDirectoryIn(added, path);
  const gone = [...removed.values()].filter((entry) => isDirectory(entry) && isGone(entry.path));
  const come = [...added.values()].filter(
    (entry) => isDirectory(entry) && !isDirectoryIn(removed, entry.path),
  );
  const lost = new Set(gone.map(({ path }) => path));
  const fresh = come.map(({ path }) => path);
  const ranges = [...lost, ...fresh].map((path): Part => {
    const last = slabOf(slabs, path);
    // Without its first directory, a slab does not begin where it did.
    const first = lost.has(path) && slabs[last]?.key === path ? last - 1 : last;
    return slabs.length === 0 ? { start: 0, end: 0 } : stretchesAround(slabs, { first, last });
  });
  const recut = await recutRanges({
    parts: slabs,
    ranges,
    limits: directorySlabLimits,
    isCertain: isCertainPeak,
    async cut({ start, end }) {
      const inRange = (path: BytePath): boolean => {
        const slab = slabOf(slabs, path);
        return slabs.length === 0 || (slab >= start && slab < end);
      };
      const left = (await known.paths({ start, end })).filter((path) => !lost.has(path));
      const paths = [...left, ...fresh.filter(inRange)].sort(order);
      const bounds = { begins: start === 0, nextHash: slabs[end]?.firstHash ?? null };
      return recutSequence(directorySequence(paths), directorySlabLimits, bounds).map((part) => ({
        ...part,
        paths: paths.slice(part.start, part.end),
      }));
    },
  });
  return recut.flatMap((part): NextSlab[] =>
    part.kind === 'kept'
      ? [part]
      : part.parts.map(({ paths, weight, firstHash, restHash, isPeak }) => {
          const key = paths[0] ?? '';
          return { kind: 'new', outline: { key, weight, firstHash, restHash, isPeak }, paths };
        }),
  );
}

function isDirectoryIn(entries: TreeEdits['added'], path: BytePath): boolean {
  const entry = entries.get(path);
  return entry !== undefined && isDirectory(entry);
}

/** The slab that has the directory of a path, or would get it. */
function slabOf(slabs: readonly SlabOutline[], path: BytePath): number {
  let [low, high] = [0, slabs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const slab = slabs[middle];
    if (slab !== undefined && order(slab.key, path) <= 0) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function order(left: BytePath, right: BytePath): number {
  return compareTreeKeys({ directory: left, name: '' }, { directory: right, name: '' });
}
