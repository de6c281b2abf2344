import type { BytePath } from '../../../bytes/byte-path.ts';
import type { Digest } from '../../../digest/digest.ts';
import { entrySequence } from '../../../layout/group-entries.ts';
import type { LayoutOutline } from '../../../layout/layout-outline.ts';
import { nameOf, parentOf } from '../../../tree/file-tree.ts';
import { compareTreeKeys, type KnownEntry, type TreeKey } from '../../../tree/tree-order.ts';
import { decodeTreePage, type TreePage, type TreePageEntry } from '../../../tree/tree-page.ts';
import type { TreeRoot } from '../../../tree/tree-root.ts';
import type { ImageStore } from '../../image-store.ts';
import type { OpenImage } from '../../open-image.ts';
import { notRead, unsure } from './unsure.ts';

/** A page of a stored tree, which is a group of its layout. */
export interface KnownPage {
  readonly page: TreePage;
  readonly entries: readonly KnownEntry[];
  readonly byPath: ReadonlyMap<BytePath, KnownEntry>;
}

/** The pages of a stored tree, of which those are read that are asked for. */
export interface KnownPages {
  readonly root: TreeRoot;
  /** Reads pages by their numbers, together; those that were read are kept. */
  load(numbers: Iterable<number>): Promise<void>;
  /** One that was read. */
  at(number: number): KnownPage;
  readonly loaded: ReadonlyMap<number, KnownPage>;
  /** The number of the page that has the entry of a key, if there is one. */
  numberOf(key: TreeKey): number;
  /** Reads the pages that have these paths, if they are there. */
  loadPaths(paths: Iterable<BytePath>): Promise<void>;
  /** The entry of a path whose pages were read. */
  find(path: BytePath): KnownEntry | null;
}

/** Some 60 KB each when decoded. */
const maxPages = 640;

/** Every page that is read is held against the outline. */
export function createKnownPages(
  imageStore: ImageStore,
  image: OpenImage,
  { root, outline }: { readonly root: TreeRoot; readonly outline: LayoutOutline },
): KnownPages {
  const loaded = new Map<number, KnownPage>();
  const numberOf = (key: TreeKey): number => {
    let [low, high] = [0, root.pages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const page = root.pages[middle];
      if (page !== undefined && compareTreeKeys(page.firstKey, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  };
  const load = async (numbers: Iterable<number>): Promise<void> => {
    const wanted = new Map<Digest, number[]>();
    const blobs = [...new Set(numbers)].flatMap((number) => {
      const digest = root.pages[number]?.digest;
      const location = image.placement.blobs[image.root.pages.length + 1 + number];
      if (loaded.has(number)) return [];
      if (digest === undefined || location === undefined) return unsure('a page without a place');
      wanted.set(digest, [...(wanted.get(digest) ?? []), number]);
      return [{ digest, location }];
    });
    if (loaded.size + blobs.length > maxPages) unsure('too many pages');
    if (blobs.length === 0) return;
    for await (const { digest, plain } of imageStore.reader.readMany(blobs))
      for (const number of wanted.get(digest) ?? []) loaded.set(number, knownPage(plain));
    for (const numbersOfPage of wanted.values())
      for (const number of numbersOfPage) checkPage(loaded.get(number), number, { root, outline });
  };
  const at = (number: number): KnownPage => loaded.get(number) ?? notRead('a page');
  return {
    root,
    loaded,
    load,
    at,
    numberOf,
    loadPaths: (paths) =>
      load([...paths].flatMap((path) => keysOfPath(path).map((key) => numberOf(key)))),
    find(path) {
      for (const key of keysOfPath(path)) {
        const entry = at(numberOf(key)).byPath.get(path);
        if (entry !== undefined && isDirectory(entry) === (key.name === '')) return entry;
      }
      return null;
    },
  };
}

/** Where in the canonical order the entry of a path may be. */
function keysOfPath(path: BytePath): TreeKey[] {
  const asDirectory = { directory: path, name: '' };
  return path === ''
    ? [asDirectory]
    : [{ directory: parentOf(path), name: nameOf(path) }, asDirectory];
}

export function isDirectory({ inode }: KnownEntry): boolean {
  return inode?.type === 'directory';
}

/** The place of a known entry in the canonical order. */
export function keyOfEntry(entry: KnownEntry): TreeKey {
  const { path } = entry;
  return isDirectory(entry)
    ? { directory: path, name: '' }
    : { directory: parentOf(path), name: nameOf(path) };
}

/** True for the entry under which an inode stands. */
export function isFirst(entry: KnownEntry): boolean {
  return entry.path === entry.firstPath;
}

function knownPage(plain: Buffer): KnownPage {
  const page = decodeTreePage(plain);
  const entries = page.entries.map(knownEntry);
  return { page, entries, byPath: new Map(entries.map((entry) => [entry.path, entry])) };
}

function knownEntry(entry: TreePageEntry): KnownEntry {
  const { path } = entry;
  return 'linkTo' in entry
    ? { path, firstPath: entry.linkTo, inode: null }
    : { path, firstPath: path, inode: entry.inode };
}

function checkPage(
  page: KnownPage | undefined,
  number: number,
  { root, outline }: { readonly root: TreeRoot; readonly outline: LayoutOutline },
): void {
  const said = outline.groups[number];
  if (page === undefined || said === undefined) return unsure('a page is missing');
  const { weights, hashes } = entrySequence(page.entries);
  const weight = weights.reduce((sum, one) => sum + one, 0);
  const restHash = hashes.reduce(
    (most, hash, index) => (index > 0 && hash > most ? hash : most),
    -1,
  );
  const hasFiles = page.entries.some((entry) => isFirst(entry) && !isDirectory(entry));
  const agrees =
    page.entries.length === root.pages[number]?.entries &&
    page.entries[0]?.path === said.key &&
    weight === said.weight &&
    restHash === said.restHash &&
    hasFiles === said.hasFiles;
  if (!agrees) unsure('the outline says otherwise than a page');
}
