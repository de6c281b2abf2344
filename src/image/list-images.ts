import type { Digest } from '../digest/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { digestInKey } from '../store/store-paths.ts';
import { listTags } from './tags.ts';

export interface StoredImage {
  readonly digest: Digest;
  /** Names of its tags, in order. */
  readonly tags: readonly string[];
  /** When it was published, in milliseconds since 1970. */
  readonly publishedMs: number;
}

/** All images of a store, by digest. */
export async function listImages(objects: ObjectStore): Promise<StoredImage[]> {
  const tags = new Map<Digest, string[]>();
  for await (const tag of listTags(objects))
    tags.set(tag.image, [...(tags.get(tag.image) ?? []), tag.name]);
  const images: StoredImage[] = [];
  for await (const { key, modifiedMs } of objects.list('images/')) {
    const digest = key.endsWith('.root') ? digestInKey(key) : null;
    if (digest !== null)
      images.push({ digest, tags: tags.get(digest) ?? [], publishedMs: modifiedMs });
  }
  return images;
}
