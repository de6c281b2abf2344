import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { createReadAhead } from '../flow/read-ahead.ts';
import { cached } from '../flow/remember.ts';
import type { ImageRoot } from './image-root.ts';
import { decodeManifestPage, type ManifestPage, pageChunks } from './manifest-page.ts';
import { isBlobDamage } from './naming-damage.ts';
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
  /** The chunks of a page that are not zeros, in disk order, by the page's number; none for a page of zeros. */
  chunksOfPage(page: number): Promise<readonly ImageChunk[]>;
  /** All pages in order, also the damaged ones. */
  all(): AsyncIterable<ManifestPageRead>;
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
      const [page] = await decodePages(source, position, 1);
      if (page !== undefined) return page;
      throw new AshlarError('internal', `the image has no page at ${position}`);
    },
    many: (first, count) => decodePages(source, first, count),
    isPartial: isPageDamage,
  });
  const readPage = cached(cachedPages, read);
  const pageOf = async (page: number): Promise<readonly ImageChunk[]> => {
    const position = positions.get(page);
    return position === undefined ? [] : readPage(position);
  };
  return {
    chunksOfPage: pageOf,
    async *all() {
      for (const [page] of root.pages) yield await readOrDamage(page, pageOf);
    },
  };
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

/** True for a failure to read a page that lies in the store and not in reaching it. */
export function isPageDamage(error: unknown): error is AshlarError {
  return isBlobDamage(error) || (error instanceof AshlarError && error.code === 'manifest_corrupt');
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
