import { type Digest, isDigest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { listLeases } from '../image/references/image-leases.ts';
import { readJsonObject } from '../image/json-object.ts';
import { type ImageListing, listImages } from '../image/references/list-images.ts';
import { listTags } from '../image/references/tags.ts';
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
  /** Images of the store; what refers to others refers to nothing. */
  readonly kept: ReadonlyMap<Digest, KeepReason>;
  readonly unused: readonly Digest[];
  /** Keys of steps and leases that are over, or tell of no image. */
  readonly endedKeys: readonly string[];
}

/**
 * Finds which images something still refers to: tags, leases, recent steps, or that they are new. Throws
 * `manifest_corrupt` for tags and leases that are damaged or whose image is gone, and `object_not_a_file` where something
 * else stands in their place: what they keep is not known.
 */
export async function markImages(
  objects: ObjectStore,
  options: MarkOptions,
): Promise<MarkedImages> {
  const kept = new Map<Digest, KeepReason>();
  const endedKeys: string[] = [];
  const listing = await listImages(objects);
  checkTags(listing);
  const { images } = listing;
  const present = new Set(images.map((image) => image.digest));
  const keep = (image: Digest, reason: KeepReason): void => {
    if (present.has(image) && !kept.has(image)) kept.set(image, reason);
  };
  for (const image of images) if (image.tags.length > 0) keep(image.digest, 'tag');
  for await (const lease of listLeases(objects)) {
    if (lease.expiresMs < options.nowMs) endedKeys.push(lease.key);
    else keep(lease.image, 'lease');
  }
  for (const image of images)
    if (options.nowMs - image.publishedMs < options.graceMs) keep(image.digest, 'recent');
  for await (const { key, modifiedMs } of objects.list('steps/')) {
    const image = await imageOfStep(objects, key);
    if (image === null || options.nowMs - modifiedMs >= options.keepStepsMs) endedKeys.push(key);
    else keep(image, 'recent step');
  }
  const unused = [...present].filter((digest) => !kept.has(digest));
  return { kept, unused, endedKeys };
}

/** The images that a tag or a lease refers to at this moment. */
export async function referencedImages(objects: ObjectStore, nowMs: number): Promise<Set<Digest>> {
  const images = new Set<Digest>();
  for await (const { image } of listTags(objects)) images.add(image);
  for await (const { image, expiresMs } of listLeases(objects))
    if (expiresMs >= nowMs) images.add(image);
  return images;
}

function checkTags({ damagedTags, danglingTags }: ImageListing): void {
  const [damaged] = damagedTags;
  if (damaged !== undefined) {
    const { name, damage } = damaged;
    const isForeign = damage.code === 'object_not_a_file';
    throw new AshlarError(damage.code, `nothing is collected: ${damage.message}`, {
      data: { tag: name },
      cause: damage,
      hint: isForeign ? damage.hint : `Set the tag again, or remove it: ashlar image rm ${name}`,
    });
  }
  const [dangling] = danglingTags;
  if (dangling === undefined) return;
  const { name, image } = dangling;
  throw new AshlarError(
    'manifest_corrupt',
    `nothing is collected: the tag ${name} names the image ${image}, which is not in the store`,
    {
      data: { tag: name, image },
      hint: `Restore the image, or give up its chunks: ashlar image rm ${name}`,
    },
  );
}

/** Null for a record that is damaged: it is a cache, and of no use then. */
async function imageOfStep(objects: ObjectStore, key: string): Promise<Digest | null> {
  try {
    const image = (await readJsonObject(objects, key))?.['image'];
    return typeof image === 'string' && isDigest(image) ? image : null;
  } catch (error) {
    if (hasCode(error, 'manifest_corrupt')) return null;
    throw error;
  }
}
