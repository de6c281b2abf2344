import type { Digest } from '../digest/digest.ts';
import { getIfThere } from '../store/get-if-there.ts';
import { defaultMaxBytes, type ObjectInfo, type ObjectStore } from '../store/object-store.ts';
import { digestInKey, imageKey, type ImagePart, imageParts } from '../store/store-paths.ts';

export interface UnpublishOptions {
  readonly isOld: (info: ObjectInfo) => boolean;
  /** The images that a tag or a lease refers to now. */
  readonly referenced: () => Promise<ReadonlySet<Digest>>;
  readonly signal: AbortSignal | undefined;
}

/** Roots that are held in memory at a time, to be put back. */
const batchImages = 500;

/**
 * Removes images that were found unused, and gives those that are gone. Somebody may be publishing or tagging one of them
 * at this moment: one that has become young is left alone, and the root of one that is referred to afterwards, or is being
 * published anew, is put back.
 */
export async function unpublishImages(
  objects: ObjectStore,
  images: readonly Digest[],
  options: UnpublishOptions,
): Promise<Digest[]> {
  const gone: Digest[] = [];
  for (let start = 0; start < images.length; start += batchImages) {
    const roots = new Map<Digest, Buffer>();
    for (const image of images.slice(start, start + batchImages)) {
      options.signal?.throwIfAborted();
      const key = imageKey(image, 'root');
      const info = await objects.head(key);
      const root = info !== null && options.isOld(info) ? await getWhole(objects, info) : null;
      if (root === null) continue;
      roots.set(image, root);
      await objects.delete(key);
    }
    const referenced = await options.referenced();
    for (const [image, root] of roots) {
      if (referenced.has(image) || (await isBeingPublished(image))) {
        await objects.put(imageKey(image, 'root'), root);
        continue;
      }
      for (const part of imageParts) if (part !== 'root') await removePart(objects, image, part);
      gone.push(image);
    }
  }
  return gone;

  async function isBeingPublished(image: Digest): Promise<boolean> {
    const info = await objects.head(imageKey(image, 'placement'));
    return info !== null && !options.isOld(info);
  }
}

/**
 * Keys of what writers or collections that were killed left of images: parts without a root, all of them out of the
 * grace period.
 */
export async function findLeftovers(
  objects: ObjectStore,
  isOld: (info: ObjectInfo) => boolean,
): Promise<string[]> {
  const parts = new Map<Digest, ObjectInfo[]>();
  for await (const info of objects.list('images/')) {
    const image = digestInKey(info.key);
    if (image === null) continue;
    const known = parts.get(image);
    if (known === undefined) parts.set(image, [info]);
    else known.push(info);
  }
  const leftovers: string[] = [];
  for (const [image, infos] of parts) {
    const isWhole = infos.some(({ key }) => key === imageKey(image, 'root'));
    if (!isWhole && infos.every(isOld)) leftovers.push(...infos.map(({ key }) => key));
  }
  return leftovers;
}

/** Removes leftovers that still are some. */
export async function removeLeftovers(
  objects: ObjectStore,
  keys: readonly string[],
  isOld: (info: ObjectInfo) => boolean,
): Promise<void> {
  for (const key of keys) {
    const image = digestInKey(key);
    if (image === null || (await objects.head(imageKey(image, 'root'))) !== null) continue;
    const info = await objects.head(key);
    const part = imageParts.find((name) => imageKey(image, name) === key);
    if (info !== null && isOld(info) && part !== undefined) await removePart(objects, image, part);
  }
}

/**
 * Removes a part of an image that has no root. When there is one afterwards, somebody has published the image in this
 * very moment, and may have looked at the part before it was removed: it is put back.
 */
async function removePart(objects: ObjectStore, image: Digest, part: ImagePart): Promise<void> {
  const key = imageKey(image, part);
  const info = await objects.head(key);
  const bytes = info === null ? null : await getWhole(objects, info);
  if (bytes === null) return;
  await objects.delete(key);
  if ((await objects.head(imageKey(image, 'root'))) !== null) await objects.put(key, bytes);
}

/** Whatever its size: a damaged root is removed as any other. */
function getWhole(objects: ObjectStore, info: ObjectInfo): Promise<Buffer | null> {
  return getIfThere(objects, info.key, { maxBytes: Math.max(info.sizeBytes, defaultMaxBytes) });
}
