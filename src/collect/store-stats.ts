import type { Digest } from '../digest/digest.ts';
import type { ImageStore } from '../image/image-store.ts';
import { listImages } from '../image/list-images.ts';
import { openImage } from '../image/open-image.ts';
import { chunkBytes } from '../tree/inode.ts';

export interface StoreStats {
  readonly images: number;
  readonly tags: number;
  readonly packs: number;
  readonly packBytes: number;
  readonly quarantinedPacks: number;
  readonly quarantinedBytes: number;
  /** Chunks of all images, each counted in each image; and the distinct ones. */
  readonly chunks: number;
  readonly distinctChunks: number;
  /** Plain bytes of all chunks of all images. */
  readonly logicalBytes: number;
}

/** Counts what a store holds; reads the manifests of all images. */
export async function readStoreStats(imageStore: ImageStore): Promise<StoreStats> {
  const { objects } = imageStore;
  const images = await listImages(objects);
  const packs = await sumObjects(imageStore, 'packs/');
  const quarantine = await sumObjects(imageStore, 'quarantine/');
  const distinct = new Set<Digest>();
  let chunks = 0;
  for (const { digest } of images) {
    const image = await openImage(imageStore, digest);
    for await (const chunk of image.chunks()) {
      chunks += 1;
      distinct.add(chunk.digest);
    }
  }
  return {
    images: images.length,
    tags: images.reduce((sum, image) => sum + image.tags.length, 0),
    packs: packs.count,
    packBytes: packs.bytes,
    quarantinedPacks: quarantine.count,
    quarantinedBytes: quarantine.bytes,
    chunks,
    distinctChunks: distinct.size,
    logicalBytes: chunks * chunkBytes,
  };
}

async function sumObjects(
  imageStore: ImageStore,
  prefix: string,
): Promise<{ count: number; bytes: number }> {
  let count = 0;
  let bytes = 0;
  for await (const { sizeBytes } of imageStore.objects.list(prefix)) {
    count += 1;
    bytes += sizeBytes;
  }
  return { count, bytes };
}
