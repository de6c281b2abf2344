import type { Digest } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import { type ImageStore, withoutRescue } from '../image/image-store.ts';
import { listImages } from '../image/references/list-images.ts';
import { openImage } from '../image/open-image.ts';
import { chunkBytes } from '../tree/inode.ts';

export interface StoreStats {
  readonly images: number;
  /** Images that cannot be read; their chunks are not counted. */
  readonly damagedImages: number;
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

/** Counts what a store holds; reads the manifests of all images. Nothing is changed. */
export async function readStoreStats(store: ImageStore): Promise<StoreStats> {
  const imageStore = withoutRescue(store);
  const { images, tags } = await listImages(imageStore.objects);
  const packs = await sumObjects(imageStore, 'packs/');
  const quarantine = await sumObjects(imageStore, 'quarantine/');
  const distinct = new Set<Digest>();
  let chunks = 0;
  let damagedImages = 0;
  for (const { digest } of images) {
    const ofImage = await chunksOf(imageStore, digest);
    if (ofImage === null) damagedImages += 1;
    chunks += ofImage?.length ?? 0;
    for (const chunk of ofImage ?? []) distinct.add(chunk);
  }
  return {
    images: images.length,
    damagedImages,
    tags: tags.length,
    packs: packs.count,
    packBytes: packs.bytes,
    quarantinedPacks: quarantine.count,
    quarantinedBytes: quarantine.bytes,
    chunks,
    distinctChunks: distinct.size,
    logicalBytes: chunks * chunkBytes,
  };
}

/** Null for an image that cannot be read. */
async function chunksOf(imageStore: ImageStore, digest: Digest): Promise<Digest[] | null> {
  try {
    const image = await openImage(imageStore, digest);
    const chunks: Digest[] = [];
    for await (const read of image.manifestPages()) {
      if ('damage' in read) return null;
      for (const chunk of read.chunks) chunks.push(chunk.digest);
    }
    return chunks;
  } catch (error) {
    if (hasCode(error, ...unreadable)) return null;
    throw error;
  }
}

const unreadable = [
  'manifest_corrupt',
  'image_not_found',
  'store_newer_format',
  'object_not_a_file',
] as const;

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
