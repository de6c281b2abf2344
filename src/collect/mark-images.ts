import { type Digest, isDigest } from '../digest/digest.ts';
import { listLeases } from '../image/image-leases.ts';
import { readJsonObject } from '../image/json-object.ts';
import { listImages } from '../image/list-images.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Why an image is kept. */
export type KeepReason = 'tag' | 'lease' | 'recent step' | 'recent';

export interface MarkOptions {
  readonly nowMs: number;
  /** Images younger than this are kept whatever refers to them: somebody may be about to. */
  readonly graceMs: number;
  /** Results of build steps are kept for this long. */
  readonly keepStepsMs: number;
}

export interface MarkedImages {
  readonly kept: ReadonlyMap<Digest, KeepReason>;
  readonly unused: readonly Digest[];
  /** Keys of steps and leases that are over, or whose image is unused. */
  readonly endedKeys: readonly string[];
}

/** Finds which images something still refers to: tags, leases, recent steps, or that they are new. */
export async function markImages(
  objects: ObjectStore,
  options: MarkOptions,
): Promise<MarkedImages> {
  const kept = new Map<Digest, KeepReason>();
  const endedKeys: string[] = [];
  const images = await listImages(objects);
  for (const image of images) {
    if (options.nowMs - image.publishedMs < options.graceMs) kept.set(image.digest, 'recent');
  }
  for await (const lease of listLeases(objects)) {
    if (lease.expiresMs < options.nowMs) endedKeys.push(lease.key);
    else kept.set(lease.image, 'lease');
  }
  for (const image of images) if (image.tags.length > 0) kept.set(image.digest, 'tag');
  for await (const { key, modifiedMs } of objects.list('steps/')) {
    const image = (await readJsonObject(objects, key))?.['image'];
    if (typeof image !== 'string' || !isDigest(image)) endedKeys.push(key);
    else if (options.nowMs - modifiedMs >= options.keepStepsMs) endedKeys.push(key);
    else if (!kept.has(image)) kept.set(image, 'recent step');
  }
  const unused = images.map((image) => image.digest).filter((digest) => !kept.has(digest));
  return { kept, unused, endedKeys };
}
