import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { createReadAhead } from '../flow/read-ahead.ts';
import { cached } from '../flow/remember.ts';
import { chunkBytes } from '../tree/inode.ts';
import { isPageDamage } from './damage/damage-codes.ts';
import type { ImageRoot } from './image-root.ts';
import { decodeManifestPage, type ManifestPage, pageChunks } from './manifest-page.ts';
import type { OpenPlacement } from './placement.ts';

export interface ImageChunk {
  readonly index: number;
  readonly digest: Digest;
  readonly location: PackLocation;
}

/** A page of the manifest, or what is wrong with it. */
export type ManifestPageRead =
  | { readonly page: number; readonly chunks: readonly ImageChunk[] }
  | { readonly page: number; readonly damage: AshlarError };

/** The pages of an image's manifest, each with its part of the placement; read when asked for and kept decoded. */
export interface ManifestPages {
  /**
   * The chunks of a page that are not zeros, in disk order, by the page's number; none for a page of zeros. Throws
   * `manifest_corrupt`, `pack_missing` or `pack_corrupt` with the stretch of the disk that the page is for.
   */
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
}

export interface ManifestPagesSource {
  readonly digest: Digest;
  readonly root: ImageRoot;
  readonly placement: OpenPlacement;
  /** Reads pages by their places in the root's list. */
  readonly readBlobs: ReadBlobs;
}

/** Reads pages by digest and by the number of their place in the placement. */
export type ReadBlobs = (
  blobs: readonly { readonly digest: Digest; readonly position: number }[],
) => Promise<Map<Digest, Buffer>>;

const cachedPages = 256;

/** Pages read at once by who goes through all of them: some 2 MiB, and a few requests in place of two each. */
const pagesAtOnce = 64;

export function createManifestPages(source: ManifestPagesSource): ManifestPages {
  const { root } = source;
  const positions = new Map(root.pages.map(([page], position) => [page, position]));
  const read = createReadAhead({
    count: root.pages.length,
    batch: pagesAtOnce,
    one: async (position) => {
      const [page] = await namingStretch(root, position, () => decodePages(source, position, 1));
      if (page !== undefined) return page;
      throw new AshlarError('internal', `the image has no page at ${position}`);
    },
    many: (first, count) => decodePages(source, first, count),
    isPartial: isPageDamage,
  });
  const readPage = cached(cachedPages, read);
  return {
    async chunksOfPage(page) {
      const position = positions.get(page);
      return position === undefined ? [] : readPage(position);
    },
  };
}

/** All pages in order as `read` gives them, also the damaged ones. */
export async function* readEachPage(
  root: ImageRoot,
  read: (page: number) => Promise<readonly ImageChunk[]>,
): AsyncIterable<ManifestPageRead> {
  for (const [page] of root.pages) yield await readOrDamage(page, read);
}

async function decodePages(
  source: ManifestPagesSource,
  first: number,
  count: number,
): Promise<ImageChunk[][]> {
  const pages = source.root.pages.slice(first, first + count);
  const blobs = await source.readBlobs(
    pages.map(([, digest], index) => ({ digest, position: first + index })),
  );
  const locations = await source.placement.readPages(first, pages.length);
  return pages.map(([page, digest], index) =>
    joinChunks(source.digest, page, {
      digests: decodeManifestPage(blobs.get(digest) ?? Buffer.alloc(0)),
      locations: locations[index] ?? [],
    }),
  );
}

function joinChunks(
  image: Digest,
  page: number,
  parts: { readonly digests: ManifestPage; readonly locations: readonly PackLocation[] },
): ImageChunk[] {
  const { digests, locations } = parts;
  if (locations.length !== digests.size) {
    throw new AshlarError(
      'manifest_corrupt',
      `the placement of ${image} has ${locations.length} places for the ${digests.size} chunks of page ${page}`,
      { data: { image } },
    );
  }
  const chunks: ImageChunk[] = [];
  for (const [inPage, digest] of digests) {
    const location = locations[chunks.length];
    if (location !== undefined)
      chunks.push({ index: page * pageChunks + inPage, digest, location });
  }
  return chunks;
}

async function readOrDamage(
  page: number,
  read: (page: number) => Promise<readonly ImageChunk[]>,
): Promise<ManifestPageRead> {
  try {
    return { page, chunks: await read(page) };
  } catch (error) {
    if (isPageDamage(error)) return { page, damage: error };
    throw error;
  }
}

/** Runs a read of the page at a position of the root's list; damage gets its stretch of the disk. */
async function namingStretch<T>(
  root: ImageRoot,
  position: number,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isPageDamage(error)) throw error;
    const page = root.pages[position]?.[0] ?? 0;
    const mib = (pageChunks * chunkBytes) / 1024 ** 2;
    throw new AshlarError(
      error.code === 'chunk_corrupt' ? 'manifest_corrupt' : error.code,
      `the manifest of the disk from ${page * mib} MiB to ${(page + 1) * mib} MiB cannot be read: ${error.message}`,
      { data: error.data, cause: error, hint: error.hint },
    );
  }
}

/** The chunk at an index of the disk; null for one of zeros. `chunks` are those of its page. */
export function findChunk(chunks: readonly ImageChunk[], index: number): ImageChunk | null {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunks[middle]?.index ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  const found = chunks[low];
  return found?.index === index ? found : null;
}
