import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import { replacePlacement } from '../image/replace-placement.ts';
import type { ObjectInfo } from '../store/object-store.ts';
import { packKey } from '../store/store-paths.ts';

/** Packs of which less than this share is alive are rewritten. */
const minLiveShare = 0.4;

export interface SparsePacks {
  readonly packs: ReadonlySet<Digest>;
  /** The images that refer to one of them. */
  readonly images: readonly Digest[];
}

/** Finds packs that are mostly dead, and who uses what still lives in them. */
export async function findSparsePacks(
  imageStore: ImageStore,
  images: Iterable<Digest>,
  isOld: (info: ObjectInfo) => boolean,
): Promise<SparsePacks> {
  const liveBytes = new Map<Digest, number>();
  const users = new Map<Digest, Digest[]>();
  const counted = new Set<Digest>();
  for (const digest of images) {
    const image = await openIfThere(imageStore, digest);
    if (image === null) continue;
    for (const pack of image.placement.packs) users.set(pack, [...(users.get(pack) ?? []), digest]);
    for (const [blob, { pack, storedBytes }] of await image.locations()) {
      if (counted.has(blob)) continue;
      counted.add(blob);
      liveBytes.set(pack, (liveBytes.get(pack) ?? 0) + storedBytes);
    }
  }
  const packs = new Set<Digest>();
  for (const [pack, bytes] of liveBytes) {
    const info = await imageStore.objects.head(packKey(pack));
    if (info !== null && isOld(info) && bytes < info.sizeBytes * minLiveShare) packs.add(pack);
  }
  const affected = [...packs].flatMap((pack) => users.get(pack) ?? []);
  return { packs, images: [...new Set(affected)] };
}

/**
 * Copies what lives in sparse packs into new ones and points the placements there. The old packs stay, for readers that
 * opened an image before, until a later collection finds them unused.
 */
export async function rewritePacks(imageStore: ImageStore, sparse: SparsePacks): Promise<void> {
  if (sparse.packs.size === 0) return;
  for (const pack of sparse.packs) imageStore.index().forgetPack(pack);
  const writer = imageStore.createWriter();
  const moved = new Map<Digest, PackLocation>();
  const images: OpenImage[] = [];
  for (const digest of sparse.images) images.push(await openImage(imageStore, digest));
  for (const image of images) {
    for (const [blob, location] of await image.locations())
      if (sparse.packs.has(location.pack)) moved.set(blob, location);
  }
  const blobs = [...moved].map(([digest, location]) => ({ digest, location }));
  for await (const { digest, plain } of imageStore.reader.readMany(blobs))
    await writer.add(digest, plain);
  await writer.flush();
  for (const image of images) {
    await replacePlacement(imageStore, image, (blob, location) =>
      sparse.packs.has(location.pack) ? (writer.locate(blob) ?? location) : location,
    );
  }
}

async function openIfThere(imageStore: ImageStore, digest: Digest): Promise<OpenImage | null> {
  try {
    return await openImage(imageStore, digest);
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'image_not_found') return null;
    throw error;
  }
}
