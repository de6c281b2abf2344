import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { createReadAhead } from '../flow/read-ahead.ts';
import { cached, once } from '../flow/remember.ts';
import { joinPath } from '../tree/file-tree.ts';
import { decodeTreePage, type TreePage } from '../tree/tree-page.ts';
import { createTreeReader, type TreeReader } from '../tree/tree-reader.ts';
import { decodeTreeRoot, type TreePageReference, type TreeRoot } from '../tree/tree-root.ts';
import { isBlobDamage, isPageDamage, isTreeDamage } from './damage/damage-codes.ts';
import type { ReadBlobs } from './manifest-pages.ts';

/** The tree of a stored image, read when asked for. Damage names the image and the part of the tree. */
export interface StoredTree {
  /** Throws `tree_corrupt`, `pack_missing` or `pack_corrupt`, as do its reads. */
  reader(): Promise<TreeReader>;
  /** The pages in order; the error in place of one that is damaged. Throws as `reader` when the root is. */
  pages(): AsyncIterable<TreePage | AshlarError>;
}

export interface StoredTreeSource {
  readonly image: Digest;
  readonly root: Digest;
  /** Place of the root in the placement; the pages follow it. */
  readonly rootPosition: number;
  readonly readBlobs: ReadBlobs;
}

const cachedPages = 256;

/** Pages read at once by who goes through all of them. */
const pagesAtOnce = 64;

export function createStoredTree(source: StoredTreeSource): StoredTree {
  const { image, rootPosition } = source;
  const open = once(async () => {
    const rootBytes = await naming(
      image,
      () => 'the root of the tree',
      () => readBlob(source, { digest: source.root, position: rootPosition }),
    );
    const root = decodeTreeRoot(rootBytes);
    const blobOf = (number: number): BlobPlace => {
      const digest = root.pages[number]?.digest;
      if (digest !== undefined) return { digest, position: rootPosition + 1 + number };
      throw new AshlarError('internal', `the tree has no page ${number}`);
    };
    const read = createReadAhead<Buffer>({
      count: root.pages.length,
      batch: pagesAtOnce,
      one: (number) =>
        naming(
          image,
          () => stretchOf(root, number),
          () => readBlob(source, blobOf(number)),
        ),
      many: (first, count) =>
        readBlobs(
          source,
          Array.from({ length: count }, (_, index) => blobOf(first + index)),
        ),
      isPartial: isPageDamage,
    });
    const numbers = new Map(root.pages.map((page, number) => [page, number]));
    const readPage = cached(cachedPages, async (page: TreePageReference) =>
      decodeTreePage(await read(numbers.get(page) ?? -1)),
    );
    return { root, readPage, reader: createTreeReader(root, readPage) };
  });
  return {
    reader: async () => (await open()).reader,
    async *pages() {
      const { root, readPage } = await open();
      for (const page of root.pages) yield await readOrDamage(() => readPage(page));
    },
  };
}

interface BlobPlace {
  readonly digest: Digest;
  readonly position: number;
}

async function readBlob(source: StoredTreeSource, place: BlobPlace): Promise<Buffer> {
  const [bytes] = await readBlobs(source, [place]);
  return bytes ?? Buffer.alloc(0);
}

async function readBlobs(
  source: StoredTreeSource,
  places: readonly BlobPlace[],
): Promise<Buffer[]> {
  const blobs = await source.readBlobs(places);
  return places.map(({ digest }) => blobs.get(digest) ?? Buffer.alloc(0));
}

async function readOrDamage(read: () => Promise<TreePage>): Promise<TreePage | AshlarError> {
  try {
    return await read();
  } catch (error) {
    if (isTreeDamage(error)) return error;
    throw error;
  }
}

async function naming(
  image: Digest,
  part: () => string,
  read: () => Promise<Buffer>,
): Promise<Buffer> {
  try {
    return await read();
  } catch (error) {
    if (!isBlobDamage(error)) throw error;
    throw new AshlarError(
      error.code === 'chunk_corrupt' ? 'tree_corrupt' : error.code,
      `${error.message}; it holds ${part()} of the image ${image}`,
      { data: { ...error.data, image }, cause: error },
    );
  }
}

/** What a page covers, for people. */
function stretchOf(root: TreeRoot, page: number): string {
  const from = pathOfKey(root.pages[page]?.firstKey);
  const next = root.pages[page + 1];
  const to = next === undefined ? 'the end' : `before ${pathOfKey(next.firstKey)}`;
  return `the tree from ${from} to ${to}`;
}

function pathOfKey(key: { directory: BytePath; name: BytePath } | undefined): string {
  if (key === undefined) return '/';
  const path = key.name === '' ? key.directory : joinPath(key.directory, key.name);
  return `/${toDisplay(path)}`;
}
