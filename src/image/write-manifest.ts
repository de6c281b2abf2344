import type { Digest } from '../digest/digest.ts';
import type { WrittenLayout } from '../layout/write-layout.ts';
import { encodeManifestPage, pageChunks } from './manifest-page.ts';

export interface WrittenManifestPage {
  readonly page: number;
  readonly digest: Digest;
  /** The chunks that it names, in disk order. */
  readonly chunks: readonly Digest[];
}

/** Stores the pages of an image's manifest, those of zeros left out, in the order of their numbers. */
export async function writeManifest(
  { chunks }: WrittenLayout,
  storeBlob: (bytes: Buffer) => Promise<Digest>,
): Promise<WrittenManifestPage[]> {
  const pages = new Map<number, Map<number, Digest>>();
  for (const [index, digest] of chunks) {
    const number = Math.floor(index / pageChunks);
    const page = pages.get(number) ?? new Map<number, Digest>();
    pages.set(number, page);
    page.set(index % pageChunks, digest);
  }
  const written: WrittenManifestPage[] = [];
  for (const [page, inPage] of pages) {
    const digest = await storeBlob(encodeManifestPage(inPage));
    written.push({ page, digest, chunks: [...inPage.values()] });
  }
  return written;
}
