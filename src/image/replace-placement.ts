import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { imageKey } from '../store/store-paths.ts';
import type { ImageStore } from './image-store.ts';
import { pageChunks } from './manifest-page.ts';
import type { OpenImage } from './open-image.ts';
import { encodePlacement } from './placement.ts';

/** Writes an image's placement anew, each blob and chunk where `relocate` says it is now. The digest stays. */
export async function replacePlacement(
  imageStore: ImageStore,
  image: OpenImage,
  relocate: (blob: Digest, location: PackLocation) => PackLocation,
): Promise<void> {
  const { root } = await image.tree();
  const digests = [
    ...image.root.pages.map(([, page]) => page),
    image.root.tree,
    ...root.pages.map((page) => page.digest),
  ];
  const blobs = image.placement.blobs.map((location, index) => {
    const digest = digests[index];
    return digest === undefined ? location : relocate(digest, location);
  });
  const pages = new Map(image.root.pages.map(([page]) => [page, [] as PackLocation[]]));
  for await (const chunk of image.chunks()) {
    pages.get(Math.floor(chunk.index / pageChunks))?.push(relocate(chunk.digest, chunk.location));
  }
  const { bytes } = encodePlacement({ blobs, pages: [...pages.values()] });
  await imageStore.objects.replace(imageKey(image.digest, 'placement'), bytes);
}
