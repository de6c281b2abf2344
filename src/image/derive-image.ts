import { type Digest, digestOf } from '../digest/digest.ts';
import type { Json } from './canonical-json.ts';
import { expectPacks } from './expect-packs.ts';
import { encodeImageRoot, type ImageConfig, type ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import type { OpenImage } from './open-image.ts';
import { readOutlineBytes } from './outline-file.ts';
import { publishImage } from './publish-image.ts';
import { readWholePlacement } from './read-image-parts.ts';
import { renewProvenance } from './record-provenance.ts';

/** The digest of the image that has the files of `root` and another config; nothing is written. */
export function digestWithConfig(root: ImageRoot, config: ImageConfig): Digest {
  return digestOf(encodeImageRoot({ ...root, config }));
}

export interface Derivation {
  readonly config: ImageConfig;
  readonly provenance: Json;
}

/**
 * Publishes the image that has the files of `image` and a config, its own or another: a new root over the same pages. One
 * that a step left gets the provenance of the build that ends with it. Throws `manifest_corrupt` when the placement of
 * `image` is damaged, `pack_missing` when a pack in it is not in the store; nothing is published then.
 */
export async function deriveImage(
  imageStore: ImageStore,
  image: OpenImage,
  { config, provenance }: Derivation,
): Promise<Digest> {
  const { objects } = imageStore;
  const root = encodeImageRoot({ ...image.root, config });
  const digest = digestOf(root);
  if (digest === image.digest) {
    await renewProvenance(objects, digest, provenance);
    return digest;
  }
  const placement = await readWholePlacement(objects, image.digest, image.root);
  await expectPacks(imageStore, placement.packs);
  const outline = await readOutlineBytes(objects, image.digest);
  await publishImage(objects, { digest, root, placement: placement.bytes, outline, provenance });
  return digest;
}
