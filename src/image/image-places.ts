import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { once, shared } from '../flow/remember.ts';
import { isPageDamage } from './damage/damage-codes.ts';
import type { ImageRoot } from './image-root.ts';
import type { ImageStore } from './image-store.ts';
import {
  createManifestPages,
  type ManifestPages,
  type ReadBlobs,
  readEachPage,
} from './manifest-pages.ts';
import type { OpenPlacement } from './placement.ts';
import { openPlacementOf } from './read-image-parts.ts';
import { createManifestSearch } from './search-manifest.ts';

/** Where everything of an image is, as its placement said at one time. */
export interface ImagePlaces {
  readonly placement: OpenPlacement;
  readonly manifest: ManifestPages;
  /** Reads pages of the manifest and of the tree. */
  readonly readBlobs: ReadBlobs;
  /** Goes through the whole manifest at first use. */
  located(): Promise<LocatedChunks>;
  /** Where one chunk is, if pages that can be read tell of it; goes through the whole manifest too, more cheaply. */
  locate(chunk: Digest): Promise<LocatedChunk>;
}

export interface LocatedChunk extends Pick<LocatedChunks, 'damage'> {
  readonly location: PackLocation | undefined;
}

export interface LocatedChunks {
  /** The chunks that pages which can be read tell of. */
  readonly locations: ReadonlyMap<Digest, PackLocation>;
  /** What is wrong with the first of the other pages. */
  readonly damage: AshlarError | null;
}

/**
 * The places of an image that is open for as long as one likes, while packs are rewritten and placements replaced. All
 * reads of an image go through one of the two.
 */
export interface RenewedPlaces {
  readonly now: ImagePlaces;
  /**
   * Runs a read. When it fails for damage, which may be no more than that the places are those of before, the placement is
   * opened anew and the read runs again; once more for each time that the placement turns out to be another one, up to a
   * bound. Then its error is thrown.
   */
  read<T>(read: (places: ImagePlaces) => Promise<T>): Promise<T>;
  /** Opens the placement anew, unless somebody has since `stale` was the latest. */
  renew(stale: ImagePlaces): Promise<ImagePlaces>;
}

const maxRenewals = 4;

/** Who looks for more chunks than this has all of them listed. */
const maxSearches = 64;

/** Throws `image_not_found` or `manifest_corrupt`, as do later renewals. */
export async function openImagePlaces(
  imageStore: ImageStore,
  digest: Digest,
  root: ImageRoot,
): Promise<RenewedPlaces> {
  const open = async (): Promise<ImagePlaces> => {
    const placement = await openPlacementOf(imageStore.objects, digest, root);
    return placesOf(imageStore, { digest, root, placement });
  };
  let now = await open();
  const replace = shared(async (stale: ImagePlaces) => {
    const fresh = await open();
    if (now === stale) now = fresh;
    return now;
  });
  const renew = async (stale: ImagePlaces): Promise<ImagePlaces> =>
    now === stale ? replace(stale) : now;
  return {
    get now() {
      return now;
    },
    renew,
    async read(read) {
      let places = now;
      for (let renewals = 0; ; renewals += 1) {
        try {
          return await read(places);
        } catch (error) {
          if (!isPageDamage(error) || renewals === maxRenewals) throw error;
          const { frontDigest } = places.placement;
          places = await renew(places);
          // The first time counts in any case: what was read of the placement may have been damaged, and mended since.
          if (renewals > 0 && places.placement.frontDigest === frontDigest) throw error;
        }
      }
    },
  };
}

function placesOf(
  { reader }: ImageStore,
  image: {
    readonly digest: Digest;
    readonly root: ImageRoot;
    readonly placement: OpenPlacement;
  },
): ImagePlaces {
  const { digest, root, placement } = image;
  const readBlobs: ReadBlobs = async (blobs) => {
    const located = blobs.map(({ digest: blob, position }) => ({
      digest: blob,
      location: blobLocation(placement, position, digest),
    }));
    const bytes = new Map<Digest, Buffer>();
    for await (const { digest: blob, plain } of reader.readMany(located)) bytes.set(blob, plain);
    return bytes;
  };
  const manifest = createManifestPages({ digest, root, placement, readBlobs });
  const located = once(async () => {
    const locations = new Map<Digest, PackLocation>();
    let damage: AshlarError | null = null;
    for await (const read of readEachPage(root, (page) => manifest.chunksOfPage(page))) {
      if ('damage' in read) damage ??= read.damage;
      else for (const chunk of read.chunks) locations.set(chunk.digest, chunk.location);
    }
    return { locations, damage };
  });
  const search = createManifestSearch(root, { readBlobs, ...manifest });
  let searches = 0;
  const locate = async (chunk: Digest): Promise<LocatedChunk> => {
    searches += 1;
    if (searches > maxSearches) {
      const { locations, damage } = await located();
      return { location: locations.get(chunk), damage };
    }
    const found = await search.find(chunk);
    if (found === null) return { location: undefined, damage: await search.damage() };
    const [page] = await placement.readPages(found.position, 1);
    return { location: page?.[found.number], damage: null };
  };
  return { placement, manifest, readBlobs, located, locate };
}

/** Where a page of the manifest or of the tree is, by its number in the placement. */
export function blobLocation(
  placement: OpenPlacement,
  position: number,
  image: Digest,
): PackLocation {
  const location = placement.blobs[position];
  if (location !== undefined) return location;
  throw new AshlarError(
    'manifest_corrupt',
    `the placement of ${image} has fewer records than its manifest`,
    { data: { image } },
  );
}
