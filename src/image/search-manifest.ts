import { type Digest, digestBytes } from '../digest/digest.ts';
import type { AshlarError } from '../errors/ashlar-error.ts';
import { once } from '../flow/remember.ts';
import { isPageDamage } from './damage/damage-codes.ts';
import type { ImageRoot } from './image-root.ts';
import { findInManifestPage } from './manifest-page.ts';
import type { ManifestPages, ReadBlobs } from './manifest-pages.ts';

/** A chunk by the position of its page in the root's list, and its number among those of the page that are not zeros. */
export interface ChunkPosition {
  readonly position: number;
  readonly number: number;
}

export interface ManifestSearch {
  /** Where a chunk is; null for one that pages which can be read have not. */
  find(chunk: Digest): Promise<ChunkPosition | null>;
  /** What is wrong with the first of the other pages. */
  damage(): Promise<AshlarError | null>;
}

const pagesAtOnce = 64;

/** Looks for single chunks in the encoded pages of a manifest, which is much quicker than to decode all for a few. */
export function createManifestSearch(
  root: ImageRoot,
  { readBlobs, chunksOfPage }: { readonly readBlobs: ReadBlobs } & ManifestPages,
): ManifestSearch {
  const read = once(async () => {
    const pages: (Buffer | null)[] = [];
    let damage: AshlarError | null = null;
    for (let first = 0; first < root.pages.length; first += pagesAtOnce) {
      const batch = root.pages.slice(first, first + pagesAtOnce).map(([, digest], index) => ({
        digest,
        position: first + index,
      }));
      const together = await readOrDamage(() => readBlobs(batch));
      for (const blob of batch) {
        const one = 'blobs' in together ? together : await readOrDamage(() => readBlobs([blob]));
        pages.push('blobs' in one ? (one.blobs.get(blob.digest) ?? null) : null);
        if ('blobs' in one || damage !== null) continue;
        // Read as a page, its error tells what it is for.
        const page = root.pages[blob.position]?.[0] ?? -1;
        const named = await readOrDamage(() => chunksOfPage(page).then(() => new Map()));
        damage = 'damage' in named ? named.damage : one.damage;
      }
    }
    return { pages, damage };
  });
  return {
    async find(chunk) {
      const wanted = digestBytes(chunk);
      for (const [position, page] of (await read()).pages.entries()) {
        const number = page === null ? null : findInManifestPage(page, wanted);
        if (number !== null) return { position, number };
      }
      return null;
    },
    damage: async () => (await read()).damage,
  };
}

async function readOrDamage(
  read: () => Promise<Map<Digest, Buffer>>,
): Promise<{ readonly blobs: Map<Digest, Buffer> } | { readonly damage: AshlarError }> {
  try {
    return { blobs: await read() };
  } catch (error) {
    if (isPageDamage(error)) return { damage: error };
    throw error;
  }
}
