import { type Digest, digestOf } from '../digest/digest.ts';
import type { Json } from './canonical-json.ts';
import { encodeImageRoot, type ImageConfig, type ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import type { OpenImage } from './open-image.ts';
import { publishImage } from './publish-image.ts';
import { readPlacementBytes } from './read-image-parts.ts';
import { renewProvenance } from './record-provenance.ts';

/** The digest of the image that has the files of `root` and another config; nothing is written. */
export function digestWithConfig(root: ImageRoot, config: ImageConfig): Digest {
  return digestOf(encodeImageRoot({ ...root, config }));
}

/**
 * Publishes the image that has the files of `image` and a config, its own or another: a new root over the same pages. One
 * that a step left gets the provenance of the build that ends with it.
 */
export async function deriveImage(
  imageStore: ImageStore,
  image: OpenImage,
  config: ImageConfig,
  provenance: Json,
): Promise<Digest> {
  const { objects } = imageStore;
  const root = encodeImageRoot({ ...image.root, config });
  const digest = digestOf(root);
  if (digest === image.digest) {
    await renewProvenance(objects, digest, provenance);
    return digest;
  }
  const placement = await readPlacementBytes(objects, image.digest);
  await publishImage(objects, { digest, root, placement, provenance });
  return digest;
}
