import type { PackLocation } from '../../../chunks/pack-format.ts';
import type { Digest } from '../../../digest/digest.ts';
import type { ImageRoot } from '../../image-root.ts';
import { encodeManifestPage, pageChunks } from '../../manifest-page.ts';
import type { OpenImage } from '../../open-image.ts';
import type { Placement } from '../../placement.ts';
import type { StoreBlob } from '../../write-tree.ts';
import type { StoredDisk } from './stored-disk.ts';

/** The manifest of a changed disk. */
export interface RewrittenManifest {
  readonly pages: ImageRoot['pages'];
  /** By number, the chunks of those pages that are others now, in order. */
  readonly changed: ReadonlyMap<number, readonly PlacedChunk[]>;
}

interface PlacedChunk {
  readonly digest: Digest;
  /** Null for one that was put there. */
  readonly location: PackLocation | null;
}

/** Stores the pages of a manifest in which chunks, by their index on the disk, are others now; null for zeros. */
export async function rewriteManifest(
  { root }: OpenImage,
  disk: StoredDisk,
  {
    digests,
    storeBlob,
  }: {
    readonly digests: ReadonlyMap<number, Digest | null>;
    readonly storeBlob: StoreBlob;
  },
): Promise<RewrittenManifest> {
  const pages = new Map<number, Digest>(root.pages);
  const changed = new Map<number, readonly PlacedChunk[]>();
  for (const [page, own] of Map.groupBy(digests, ([index]) => Math.floor(index / pageChunks))) {
    const known = await disk.chunksOfPage(page);
    const inPage = new Map<number, PlacedChunk>(
      known.map(({ index, digest, location }) => [index % pageChunks, { digest, location }]),
    );
    for (const [index, digest] of own) {
      if (digest === null) inPage.delete(index % pageChunks);
      else if (inPage.get(index % pageChunks)?.digest !== digest)
        inPage.set(index % pageChunks, { digest, location: null });
    }
    const inOrder = [...inPage].sort(([left], [right]) => left - right);
    const chunks = inOrder.map(([, chunk]) => chunk);
    changed.set(page, chunks);
    if (chunks.length === 0) pages.delete(page);
    else {
      const content = new Map(inOrder.map(([place, { digest }]) => [place, digest]));
      pages.set(page, await storeBlob(encodeManifestPage(content)));
    }
  }
  return { pages: [...pages].sort(([left], [right]) => left - right), changed };
}

/** Where the chunks of each page of a changed manifest are: those of other pages stay where they are. */
export async function placesOfChunks(
  { root, placement }: OpenImage,
  { pages, changed }: RewrittenManifest,
  locate: (digest: Digest) => PackLocation,
): Promise<Placement['pages']> {
  const stored = await placement.readRecords(0, placement.pageCount);
  const positions = new Map(root.pages.map(([page], position) => [page, position]));
  return pages.map(
    ([page]) =>
      changed.get(page)?.map(({ digest, location }) => location ?? locate(digest)) ??
      stored[positions.get(page) ?? -1] ??
      [],
  );
}
