import type { Digest } from '../../digest/digest.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { digestInKey } from '../../store/store-paths.ts';
import { type DamagedTag, listTagRecords, type Tag } from './tags.ts';

export interface StoredImage {
  readonly digest: Digest;
  /** Names of its tags, in order. */
  readonly tags: readonly string[];
  /** When it was published, in milliseconds since 1970. */
  readonly publishedMs: number;
}

export interface ImageListing {
  /** By digest. */
  readonly images: readonly StoredImage[];
  readonly tags: readonly Tag[];
  /** Tags whose image is not in the store. */
  readonly danglingTags: readonly Tag[];
  readonly damagedTags: readonly DamagedTag[];
}

/** All images and tags of a store. Images are not opened: they may be damaged. */
export async function listImages(objects: ObjectStore): Promise<ImageListing> {
  const tags: Tag[] = [];
  const damagedTags: DamagedTag[] = [];
  for await (const tag of listTagRecords(objects)) {
    if ('damage' in tag) damagedTags.push(tag);
    else tags.push(tag);
  }
  const names = new Map<Digest, string[]>();
  for (const { image, name } of tags) names.set(image, [...(names.get(image) ?? []), name]);
  const images: StoredImage[] = [];
  for await (const { key, modifiedMs } of objects.list('images/')) {
    const digest = key.endsWith('.root') ? digestInKey(key) : null;
    if (digest !== null)
      images.push({ digest, tags: names.get(digest) ?? [], publishedMs: modifiedMs });
  }
  const present = new Set(images.map((image) => image.digest));
  const danglingTags = tags.filter((tag) => !present.has(tag.image));
  return { images, tags, danglingTags, damagedTags };
}
