import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openImage } from '../image/open-image.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { digestInKey, imageKey, imageParts, packKey, quarantineKey } from '../store/store-paths.ts';
import { type KeepReason, markImages } from './mark-images.ts';
import { findSparsePacks, rewritePacks } from './rewrite-packs.ts';

export interface CollectOptions {
  /** `report` changes nothing and says what `apply` would do. */
  readonly mode: 'report' | 'apply';
  readonly nowMs: number;
  readonly graceMs: number;
  readonly keepStepsMs: number;
  /** How long packs stay in quarantine before they are deleted. */
  readonly quarantineMs: number;
}

export interface CollectReport {
  readonly kept: ReadonlyMap<Digest, KeepReason>;
  readonly removedImages: readonly Digest[];
  readonly removedRecords: number;
  /** Packs that nothing refers to: put into quarantine. */
  readonly quarantined: readonly Digest[];
  /** Packs in quarantine that something refers to again: put back. */
  readonly rescued: readonly Digest[];
  readonly deleted: readonly Digest[];
  readonly deletedBytes: number;
  /** Packs that are mostly dead: what lives in them was copied to new packs. */
  readonly rewritten: readonly Digest[];
}

export const defaultCollectTimes = {
  graceMs: 24 * 3600_000,
  keepStepsMs: 14 * 24 * 3600_000,
  quarantineMs: 7 * 24 * 3600_000,
} as const;

/**
 * Collects garbage: images that nothing refers to are unpublished; packs that no image refers to go to quarantine, from
 * where any reader takes them back, and are deleted when they have been there for long and are still unused; packs of
 * which little lives are rewritten. Safe beside builds that take less than the grace period. An image that cannot be read
 * stops the collection: what it refers to is not known.
 */
export async function collectGarbage(
  imageStore: ImageStore,
  options: CollectOptions,
): Promise<CollectReport> {
  const { objects } = imageStore;
  const marked = await markImages(objects, options);
  const livePacks = await packsOf(imageStore, marked.kept.keys());
  const isOld = (info: ObjectInfo): boolean => options.nowMs - info.modifiedMs >= options.graceMs;
  const unusedPacks: Digest[] = [];
  for await (const info of objects.list('packs/')) {
    const pack = digestInKey(info.key);
    if (pack !== null && !livePacks.has(pack) && isOld(info)) unusedPacks.push(pack);
  }
  const quarantine = await readQuarantine(objects, livePacks, options);
  const sparse = await findSparsePacks(imageStore, marked.kept.keys(), isOld);
  if (options.mode === 'apply') {
    for (const image of marked.unused) await unpublish(objects, image);
    for (const key of marked.endedKeys) await objects.delete(key);
    for (const pack of quarantine.rescued)
      await moveObject(objects, quarantineKey(pack), packKey(pack));
    for (const pack of unusedPacks) {
      await moveObject(objects, packKey(pack), quarantineKey(pack));
      imageStore.index().forgetPack(pack);
    }
    for (const { pack } of quarantine.expired) await objects.delete(quarantineKey(pack));
    await rewritePacks(imageStore, sparse);
  }
  return {
    kept: marked.kept,
    removedImages: marked.unused,
    removedRecords: marked.endedKeys.length,
    quarantined: unusedPacks,
    rescued: quarantine.rescued,
    deleted: quarantine.expired.map(({ pack }) => pack),
    deletedBytes: quarantine.expired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    rewritten: [...sparse.packs],
  };
}

async function packsOf(imageStore: ImageStore, images: Iterable<Digest>): Promise<Set<Digest>> {
  const packs = new Set<Digest>();
  for (const digest of images) {
    try {
      const image = await openImage(imageStore, digest);
      for (const pack of image.placement.packs) packs.add(pack);
    } catch (error) {
      // A step or a lease may outlive its image; that refers to nothing.
      if (!(error instanceof AshlarError) || error.code !== 'image_not_found') throw error;
    }
  }
  return packs;
}

async function readQuarantine(
  objects: ObjectStore,
  livePacks: ReadonlySet<Digest>,
  options: CollectOptions,
): Promise<{ rescued: Digest[]; expired: { pack: Digest; sizeBytes: number }[] }> {
  const rescued: Digest[] = [];
  const expired: { pack: Digest; sizeBytes: number }[] = [];
  for await (const { key, modifiedMs, sizeBytes } of objects.list('quarantine/')) {
    const pack = digestInKey(key);
    if (pack === null) continue;
    if (livePacks.has(pack)) rescued.push(pack);
    else if (options.nowMs - modifiedMs >= options.quarantineMs) expired.push({ pack, sizeBytes });
  }
  return { rescued, expired };
}

/** The root goes first: from then on the image does not exist, and what remains is garbage. */
async function unpublish(objects: ObjectStore, image: Digest): Promise<void> {
  for (const part of imageParts) await objects.delete(imageKey(image, part));
}

async function moveObject(objects: ObjectStore, from: string, to: string): Promise<void> {
  await objects.put(to, await objects.get(from));
  await objects.delete(from);
}
