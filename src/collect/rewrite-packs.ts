import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import { type ChunkWriter, createChunkWriter } from '../chunks/chunk-writer.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { isBlobDamage } from '../image/damage/damage-codes.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openIfThere, type OpenImage } from '../image/open-image.ts';
import { replacePlacement } from '../image/replace-placement.ts';
import type { SparsePacks } from './survey-packs.ts';

/**
 * Copies what lives in sparse packs into new ones and points the placements there. The old packs stay, for readers that
 * opened an image before, until a later collection finds them unused; builds on this machine use them no more. Packs that
 * are damaged are left as they are. Gives the packs that were rewritten.
 */
export async function rewritePacks(
  imageStore: ImageStore,
  sparse: SparsePacks,
  signal: AbortSignal | undefined,
): Promise<Digest[]> {
  if (sparse.packs.size === 0) return [];
  const images: OpenImage[] = [];
  for (const digest of sparse.images) {
    signal?.throwIfAborted();
    const image = await openIfThere(imageStore, digest);
    if (image !== null) images.push(image);
  }
  const blobsOf = await findBlobs(images, sparse.packs);
  const { objects: store, shelf } = imageStore;
  const index = imageStore.index();
  // From here on what lives in them counts as not stored, unless it is in another pack as well.
  for (const pack of sparse.packs) index.retirePack(pack);
  const writer = createChunkWriter({ store, index, shelf });
  const rewritten: Digest[] = [];
  for (const [pack, blobs] of blobsOf) {
    if (await copyBlobs(imageStore, writer, { blobs, signal })) rewritten.push(pack);
  }
  await writer.flush();
  for (const image of images) {
    signal?.throwIfAborted();
    await replacePlacement(imageStore, image, (blob, location) =>
      sparse.packs.has(location.pack) ? (writer.locate(blob) ?? location) : location,
    );
  }
  return rewritten;
}

/** What the images have in the packs, each blob once. */
async function findBlobs(
  images: readonly OpenImage[],
  packs: ReadonlySet<Digest>,
): Promise<Map<Digest, LocatedBlob[]>> {
  const byPack = new Map<Digest, Map<Digest, PackLocation>>();
  for (const image of images) {
    for (const [digest, location] of await image.locations()) {
      if (!packs.has(location.pack)) continue;
      const known = byPack.get(location.pack) ?? new Map<Digest, PackLocation>();
      byPack.set(location.pack, known);
      known.set(digest, location);
    }
  }
  return new Map([...byPack].map(([pack, blobs]) => [pack, listBlobs(blobs)]));
}

function listBlobs(places: ReadonlyMap<Digest, PackLocation>): LocatedBlob[] {
  return [...places].map(([digest, location]) => ({ digest, location }));
}

/** False when one of them is damaged. */
async function copyBlobs(
  imageStore: ImageStore,
  writer: ChunkWriter,
  from: { readonly blobs: readonly LocatedBlob[]; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  try {
    for await (const { digest, plain } of imageStore.reader.readMany(from.blobs, from.signal))
      await writer.add(digest, plain, 'thorough');
    return true;
  } catch (error) {
    if (isBlobDamage(error)) return false;
    throw error;
  }
}
