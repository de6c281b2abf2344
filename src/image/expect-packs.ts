import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ImageStore } from './image-store.ts';

/**
 * Throws `pack_missing` when one of the packs that a new image builds on is not in the store. Looked for anew: since they
 * were last seen, a collection may have put some into quarantine, from where they are taken.
 */
export async function expectPacks(imageStore: ImageStore, packs: Iterable<Digest>): Promise<void> {
  const [missing] = await imageStore.shelf.findMissing(packs);
  if (missing === undefined) return;
  throw new AshlarError(
    'pack_missing',
    `the pack ${missing} that the new image builds on is not in the store`,
    { data: { pack: missing } },
  );
}
