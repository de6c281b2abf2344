import { type Digest, digestOf } from '../digest/digest.ts';
import type { Json } from './canonical-json.ts';
import { expectPacks } from './expect-packs.ts';
import { encodeImageRoot, type ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import { encodePlacement, type Placement } from './placement.ts';
import { publishImage } from './publish-image.ts';

export interface RootToPublish {
  readonly root: ImageRoot;
  readonly places: Placement;
  readonly provenance: Json;
}

/** Publishes an image of which all parts are in the store. Throws `pack_missing` where they are not. */
export async function publishRoot(
  imageStore: ImageStore,
  { root, places, provenance }: RootToPublish,
): Promise<Digest> {
  const bytes = encodeImageRoot(root);
  const digest = digestOf(bytes);
  await expectPacks(imageStore, packsOf(places));
  const placement = encodePlacement(places);
  await publishImage(imageStore.objects, { digest, root: bytes, placement, provenance });
  return digest;
}

function packsOf({ blobs, pages }: Placement): Set<Digest> {
  const packs = new Set<Digest>();
  for (const locations of [blobs, ...pages]) for (const { pack } of locations) packs.add(pack);
  return packs;
}
