import { type Digest, digestOf } from '../digest/digest.ts';
import { imageKey } from '../store/store-paths.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { encodeImageRoot, type ImageConfig, type ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import type { OpenImage } from './open-image.ts';

/** The digest of the image that has the files of `root` and another config; nothing is written. */
export function digestWithConfig(root: ImageRoot, config: ImageConfig): Digest {
  return digestOf(encodeImageRoot({ ...root, config }));
}

/** Publishes the image that has the files of `image` and another config: a new root over the same pages. */
export async function deriveImage(
  imageStore: ImageStore,
  image: OpenImage,
  config: ImageConfig,
  provenance: Json,
): Promise<Digest> {
  const { objects } = imageStore;
  const root = encodeImageRoot({ ...image.root, config });
  const digest = digestOf(root);
  if (digest === image.digest) return digest;
  const placement = await objects.get(imageKey(image.digest, 'placement'), {
    maxBytes: maxPlacementBytes,
  });
  await objects.replace(imageKey(digest, 'placement'), placement);
  await objects.replace(
    imageKey(digest, 'provenance'),
    Buffer.from(canonicalJson(provenance), 'utf8'),
  );
  await objects.put(imageKey(digest, 'root'), root);
  return digest;
}

/** Twelve bytes a chunk: a full disk of 1 TiB has a placement of 200 MB. */
const maxPlacementBytes = 512 * 1024 * 1024;
