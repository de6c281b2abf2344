import type { PackLocation } from '../../chunks/pack-format.ts';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { encodeManifestPage, pageChunks } from '../manifest-page.ts';
import type { OpenImage } from '../open-image.ts';
import type { Placement } from '../placement.ts';
import type { StoreBlob } from '../write-tree.ts';
import type { PatchedTree } from './patch-tree.ts';

/** A page of the manifest, and where in it chunks are others now. */
export interface PatchedPage {
  /** Its place in the root's list. */
  readonly position: number;
  readonly digest: Digest;
  /** By their numbers among the chunks of the page that are not zeros. */
  readonly chunks: ReadonlyMap<number, Digest>;
}

/** Stores the pages of an image's manifest in which chunks, by their index on the disk, are others now. */
export async function patchManifest(
  image: OpenImage,
  digests: ReadonlyMap<number, Digest>,
  storeBlob: StoreBlob,
): Promise<PatchedPage[]> {
  const byPage = Map.groupBy(digests, ([index]) => Math.floor(index / pageChunks));
  const patched: PatchedPage[] = [];
  for (const [page, changed] of byPage) {
    const position = image.root.pages.findIndex(([number]) => number === page);
    const known = await image.chunksOfPage(page);
    const inPage = new Map(known.map(({ index, digest }) => [index % pageChunks, digest]));
    const numbers = new Map(known.map(({ index }, number) => [index, number]));
    const chunks = new Map<number, Digest>();
    for (const [index, digest] of changed) {
      const number = numbers.get(index);
      if (number === undefined)
        throw new AshlarError('manifest_corrupt', `${image.digest} has no chunk at ${index}`);
      chunks.set(number, digest);
      inPage.set(index % pageChunks, digest);
    }
    patched.push({ position, digest: await storeBlob(encodeManifestPage(inPage)), chunks });
  }
  return patched;
}

/** The placement of an image with these pages in the place of its own: everything else stays where it is. */
export async function patchPlacement(
  { placement, root }: OpenImage,
  parts: {
    readonly pages: readonly PatchedPage[];
    readonly tree: PatchedTree;
    readonly treeBefore: readonly Digest[];
  },
  locate: (digest: Digest) => PackLocation,
): Promise<Placement> {
  const blobs = [...placement.blobs];
  const pages: Placement['pages'][number][] = [
    ...(await placement.readRecords(0, placement.pageCount)),
  ];
  for (const { position, digest, chunks } of parts.pages) {
    blobs[position] = locate(digest);
    const page = [...((await placement.readPages(position, 1))[0] ?? [])];
    for (const [number, chunk] of chunks) page[number] = locate(chunk);
    pages[position] = page;
  }
  const treeStart = root.pages.length;
  blobs[treeStart] = locate(parts.tree.root);
  parts.tree.pages.forEach((digest, number) => {
    if (digest !== parts.treeBefore[number]) blobs[treeStart + 1 + number] = locate(digest);
  });
  return { blobs, pages };
}
