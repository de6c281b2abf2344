import type { Digest } from '../digest/digest.ts';
import { getIfThere } from '../store/get-if-there.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey, quarantineKey } from '../store/store-paths.ts';

/**
 * Moves of packs between their place and quarantine. Readers, writers and collections on several machines may move the
 * same pack both ways at once: each first makes the copy, then deletes the original, then looks whether the copy is still
 * there. Whoever deletes last sees that the other has deleted too, and puts the pack back; so none is lost.
 */

/** Takes a pack out of quarantine; false when it is not there. */
export async function rescuePack(store: ObjectStore, pack: Digest): Promise<boolean> {
  const from = quarantineKey(pack);
  const bytes = await getIfThere(store, from);
  if (bytes === null) return false;
  const to = packKey(pack);
  await store.put(to, bytes);
  await store.delete(from);
  if ((await store.head(to)) === null) await store.put(to, bytes);
  return true;
}

/** Puts a pack into quarantine, where its time begins anew; false when it is not in its place. */
export async function quarantinePack(store: ObjectStore, pack: Digest): Promise<boolean> {
  const from = packKey(pack);
  const bytes = await getIfThere(store, from);
  if (bytes === null) return false;
  const to = quarantineKey(pack);
  await store.replace(to, bytes);
  await store.delete(from);
  if ((await store.head(to)) === null) await store.put(to, bytes);
  return true;
}
