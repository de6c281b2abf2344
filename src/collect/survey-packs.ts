import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openImage } from '../image/open-image.ts';
import type { ObjectInfo } from '../store/object-store.ts';
import { digestInKey } from '../store/store-paths.ts';

/** A pack that little lives in is rewritten when less than this share of it does. */
const minLiveShare = 0.4;

export interface PackSurvey {
  /** Packs that a kept image refers to. */
  readonly live: ReadonlySet<Digest>;
  /** Packs that no kept image refers to, out of their grace period. */
  readonly unused: readonly Digest[];
  /** Live packs that are mostly dead, out of their grace period, and the images that refer to them. */
  readonly sparse: SparsePacks;
}

export interface SparsePacks {
  readonly packs: ReadonlySet<Digest>;
  readonly images: readonly Digest[];
}

export interface SurveyOptions {
  readonly isOld: (info: ObjectInfo) => boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds out how much of each pack of the store the given images use. An image that cannot be read ends the survey with
 * its error: what it refers to is not known.
 */
export async function surveyPacks(
  imageStore: ImageStore,
  images: Iterable<Digest>,
  options: SurveyOptions,
): Promise<PackSurvey> {
  // Listed first: a pack that is written later is none of the packs looked at.
  const stored = new Map<Digest, ObjectInfo>();
  for await (const info of imageStore.objects.list('packs/')) {
    const pack = digestInKey(info.key);
    if (pack !== null) stored.set(pack, info);
  }
  const uses = new Map<Digest, PackUse>();
  for (const digest of images) {
    options.signal?.throwIfAborted();
    await countUses(imageStore, digest, uses);
  }
  const unused: Digest[] = [];
  const sparse = new Set<Digest>();
  const affected = new Set<Digest>();
  for (const [pack, info] of stored) {
    const use = uses.get(pack);
    if (!options.isOld(info)) continue;
    if (use === undefined) unused.push(pack);
    else if (use.liveBytes < info.sizeBytes * minLiveShare) {
      sparse.add(pack);
      for (const image of use.images) affected.add(image);
    }
  }
  return {
    live: new Set(uses.keys()),
    unused,
    sparse: { packs: sparse, images: [...affected] },
  };
}

interface PackUse {
  readonly images: Digest[];
  /** Where blobs in use begin, each counted once. */
  readonly offsets: Set<number>;
  liveBytes: number;
}

/** Counts nothing for an image that was removed meanwhile. */
async function countUses(
  imageStore: ImageStore,
  digest: Digest,
  uses: Map<Digest, PackUse>,
): Promise<void> {
  try {
    const image = await openImage(imageStore, digest);
    for (const { pack, offset, storedBytes } of (await image.locations()).values()) {
      const use = uses.get(pack) ?? { images: [], offsets: new Set<number>(), liveBytes: 0 };
      uses.set(pack, use);
      if (use.images.at(-1) !== digest) use.images.push(digest);
      if (use.offsets.has(offset)) continue;
      use.offsets.add(offset);
      use.liveBytes += storedBytes;
    }
  } catch (error) {
    if (hasCode(error, 'image_not_found')) return;
    throw notCollected(digest, error);
  }
}

function notCollected(image: Digest, error: unknown): unknown {
  if (!(error instanceof AshlarError) || error.entry.class !== 'platform') return error;
  return new AshlarError(error.code, `nothing is collected: ${error.message}`, {
    data: { ...error.data, image },
    cause: error,
    hint: 'Run `ashlar store fsck`; then build or import the image again, or remove it.',
  });
}
