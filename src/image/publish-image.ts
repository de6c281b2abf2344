import type { Digest } from '../digest/digest.ts';
import type { Json } from './canonical-json.ts';
import { imageKey } from '../store/store-paths.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { recordProvenance } from './record-provenance.ts';

export interface ImageObjects {
  readonly digest: Digest;
  readonly root: Buffer;
  readonly placement: Buffer;
  /** Null where there is none. */
  readonly outline: Buffer | null;
  readonly provenance: Json;
}

/**
 * Makes an image exist, the root last. One that exists already becomes young again, so that a collection which found it
 * unused leaves it alone, and what may be damaged of its objects is replaced.
 */
export async function publishImage(objects: ObjectStore, image: ImageObjects): Promise<void> {
  const { digest, root, placement, outline, provenance } = image;
  const placementKey = imageKey(digest, 'placement');
  const rootKey = imageKey(digest, 'root');
  await Promise.all([
    objects.replace(placementKey, placement),
    outline === null ? null : objects.replace(imageKey(digest, 'outline'), outline),
  ]);
  await recordProvenance(objects, digest, provenance);
  if ((await objects.put(rootKey, root)) === 'exists') await objects.replace(rootKey, root);
  // A collection that took the placement for a leftover may have removed it before the root was there.
  if ((await objects.head(placementKey)) === null) await objects.replace(placementKey, placement);
}
