import { type Digest, digestOf } from '../digest/digest.ts';
import type { LayoutOutline } from '../layout/layout-outline.ts';
import type { Json } from './canonical-json.ts';
import { expectPacks } from './expect-packs.ts';
import { encodeImageRoot, type ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { encodeOutline } from './outline-file.ts';
import { encodePlacement, type Placement } from './placement.ts';
import { publishImage } from './publish-image.ts';

export interface RootToPublish {
  readonly root: ImageRoot;
  readonly places: Placement;
  readonly outline: LayoutOutline | null;
  readonly provenance: Json;
}

/** Publishes an image of which all parts are in the store. Throws `pack_missing` where they are not. */
export async function publishRoot(
  imageStore: ImageStore,
  { root, places, outline, provenance }: RootToPublish,
): Promise<Digest> {
  const bytes = encodeImageRoot(root);
  const digest = digestOf(bytes);
  const { bytes: placement, packs } = encodePlacement(places);
  await expectPacks(imageStore, packs);
  await publishImage(imageStore.objects, {
    digest,
    root: bytes,
    placement,
    outline: outline === null ? null : encodeOutline(outline, root.tree),
    provenance,
  });
  return digest;
}
