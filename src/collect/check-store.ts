import type { Digest } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import { findDamagedLeases } from '../image/references/image-leases.ts';
import { type ImageStore, withoutRescue } from '../image/image-store.ts';
import { type ImageListing, listImages } from '../image/references/list-images.ts';
import { digestInKey, imageKey } from '../store/store-paths.ts';
import { checkImage, type ImageDamage } from './check-image.ts';
import { createPackChecker, type PackChecker } from './check-packs.ts';

/** Something that is wrong in a store. */
export interface Damage extends ImageDamage {
  /** Null for what belongs to no image: a damaged tag or lease, a pack that no image uses. */
  readonly image: Digest | null;
  readonly tags: readonly string[];
}

export interface CheckReport {
  readonly images: number;
  readonly packs: number;
  /** Chunks and pages that were read and held against their digests; each place counts once. */
  readonly blobs: number;
  readonly damages: readonly Damage[];
}

/**
 * Reads everything that the given images refer to and holds it against the digests: roots, placements, pages of manifest
 * and tree, chunks. When none are named it takes all of the store's, and looks at tags, leases and packs that nothing
 * uses too. Finds all damage, not only the first of an image. The store is not changed; this machine's index forgets
 * what is in damaged packs, so that a build or an import stores it again.
 */
export async function checkStore(
  store: ImageStore,
  only: readonly Digest[] | null,
  signal?: AbortSignal,
): Promise<CheckReport> {
  const imageStore = withoutRescue(store);
  const listing = await listImages(imageStore.objects);
  const tagsOf = new Map(listing.images.map(({ digest, tags }) => [digest, tags]));
  const digests = only ?? listing.images.map(({ digest }) => digest);
  const checker = createPackChecker(imageStore.objects, signal);
  const damages: Damage[] = [];
  for (const image of digests) {
    signal?.throwIfAborted();
    const tags = tagsOf.get(image) ?? [];
    const found = await checkImage(imageStore, image, checker);
    if (found.length > 0 && only === null && (await wasRemoved(imageStore, image, tags))) continue;
    for (const damage of found) damages.push({ image, tags, ...damage });
  }
  if (only === null) {
    damages.push(...checkTags(listing));
    damages.push(...(await checkLeases(imageStore)));
    damages.push(...(await checkOtherPacks(imageStore, checker, damages)));
  }
  forgetDamaged(store, checker);
  const { packs, blobCount: blobs } = checker;
  return { images: digests.length, packs: packs.size, blobs, damages };
}

const nothingElse = { files: [], pack: null } as const;

/** True for an image that somebody has removed while it was checked. */
async function wasRemoved(
  { objects }: ImageStore,
  image: Digest,
  tags: readonly string[],
): Promise<boolean> {
  return tags.length === 0 && (await objects.head(imageKey(image, 'root'))) === null;
}

function checkTags({ danglingTags, damagedTags }: ImageListing): Damage[] {
  const dangling = danglingTags.map(({ name, image }): Damage => {
    const message = `the tag ${name} names the image ${image}, which is not in the store`;
    return { image, tags: [name], code: 'manifest_corrupt', message, ...nothingElse };
  });
  const damaged = damagedTags.map(({ name, damage }): Damage => {
    const { code, message } = damage;
    return { image: null, tags: [name], code, message, ...nothingElse };
  });
  return [...dangling, ...damaged];
}

async function checkLeases(imageStore: ImageStore): Promise<Damage[]> {
  const damages = await findDamagedLeases(imageStore.objects);
  return damages.map(({ code, message }) => ({
    image: null,
    tags: [],
    code,
    message,
    ...nothingElse,
  }));
}

/** Packs that no image uses: a build may come to use them. And those whose damage hurts no blob in use. */
async function checkOtherPacks(
  imageStore: ImageStore,
  checker: PackChecker,
  found: readonly Damage[],
): Promise<Damage[]> {
  for await (const { key } of imageStore.objects.list('packs/')) {
    const pack = digestInKey(key);
    if (pack !== null) await checker.checkPack(pack);
  }
  const told = new Set(found.map(({ pack }) => pack));
  return [...checker.damagedPacks.values()]
    .filter(({ pack }) => !told.has(pack))
    .map(({ code, message, pack }) => ({
      image: null,
      tags: [],
      code,
      message: `${message}; it hurts nothing that an image uses`,
      files: [],
      pack,
    }));
}

function forgetDamaged(imageStore: ImageStore, { damagedPacks }: PackChecker): void {
  if (damagedPacks.size === 0) return;
  try {
    const index = imageStore.index();
    for (const pack of damagedPacks.keys()) index.retirePack(pack);
  } catch (error) {
    // A check of a store needs no place to write.
    if (!hasCode(error, 'home_unusable')) throw error;
  }
}
