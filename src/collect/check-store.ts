import { decodeStoredSync } from '../chunks/codec.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ImageStore } from '../image/image-store.ts';
import { listImages } from '../image/list-images.ts';
import { filesInChunk } from '../image/naming-damage.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import { packKey } from '../store/store-paths.ts';
import { maxStoredPackBytes } from '../chunks/pack-format.ts';

/** Something that is wrong with an image. */
export interface Damage {
  readonly image: Digest;
  readonly tags: readonly string[];
  readonly code: string;
  readonly message: string;
  /** Files of the image that are hurt, in display form; none when only metadata is. */
  readonly files: readonly string[];
}

export interface CheckReport {
  readonly images: number;
  readonly packs: number;
  /** Chunks and pages that were read and held against their digests; each counts once. */
  readonly blobs: number;
  readonly damages: readonly Damage[];
}

interface BlobDamage {
  readonly code: string;
  readonly message: string;
}

/**
 * Reads everything that the given images (all of the store's, when none are named) refer to and holds it against the
 * digests: roots, placements, pages of manifest and tree, chunks. Each pack is read once. Changes nothing.
 */
export async function checkStore(
  imageStore: ImageStore,
  only: readonly Digest[] | null,
): Promise<CheckReport> {
  const all = await listImages(imageStore.objects);
  const images =
    only === null
      ? all
      : only.map((digest) => all.find((image) => image.digest === digest) ?? { digest, tags: [] });
  const damages: Damage[] = [];
  const checked = new Map<Digest, BlobDamage | null>();
  const packs = new Set<Digest>();
  for (const { digest, tags } of images) {
    const report = (damage: BlobDamage, files: readonly string[]): void => {
      damages.push({ image: digest, tags, ...damage, files });
    };
    try {
      const image = await openImage(imageStore, digest);
      const locations = await image.locations();
      for (const location of locations.values()) packs.add(location.pack);
      await checkBlobs(imageStore, locations, checked);
      const hurt = [...locations.keys()].filter((blob) => checked.get(blob) !== null);
      for (const blob of hurt) {
        const damage = checked.get(blob);
        if (damage) report(damage, await hurtFiles(image, blob));
      }
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      report({ code: error.code, message: error.message }, []);
    }
  }
  return { images: images.length, packs: packs.size, blobs: checked.size, damages };
}

async function checkBlobs(
  imageStore: ImageStore,
  locations: ReadonlyMap<Digest, PackLocation>,
  checked: Map<Digest, BlobDamage | null>,
): Promise<void> {
  const byPack = new Map<Digest, [Digest, PackLocation][]>();
  for (const [blob, location] of locations) {
    if (checked.has(blob)) continue;
    const list = byPack.get(location.pack) ?? [];
    byPack.set(location.pack, list);
    list.push([blob, location]);
  }
  for (const [pack, blobs] of byPack) {
    const bytes = await readPack(imageStore, pack);
    for (const [blob, location] of blobs) checked.set(blob, checkBlob(blob, location, bytes));
  }
}

async function readPack(imageStore: ImageStore, pack: Digest): Promise<Buffer | null> {
  if (!(await imageStore.shelf.isThere(pack))) return null;
  return imageStore.objects.get(packKey(pack), { maxBytes: maxStoredPackBytes });
}

function checkBlob(blob: Digest, location: PackLocation, pack: Buffer | null): BlobDamage | null {
  const { offset, storedBytes } = location;
  if (pack === null)
    return { code: 'pack_missing', message: `the pack ${location.pack} is not in the store` };
  const place = `${blob} in ${location.pack} at ${offset}`;
  if (offset + storedBytes > pack.length)
    return { code: 'pack_corrupt', message: `the pack ends before the chunk ${place}` };
  try {
    const plain = decodeStoredSync(
      pack.subarray(offset, offset + storedBytes),
      location.codec,
      location.plainBytes,
    );
    if (digestOf(plain) === blob) return null;
    return { code: 'chunk_corrupt', message: `the chunk ${place} does not match its digest` };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { code: 'chunk_corrupt', message: `the chunk ${place} is damaged: ${error.message}` };
  }
}

async function hurtFiles(image: OpenImage, blob: Digest): Promise<string[]> {
  return filesInChunk(await image.tree(), blob);
}
