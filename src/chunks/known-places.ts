import type { Digest } from '../digest/digest.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { PackLocation } from './pack-format.ts';
import type { PackShelf } from './pack-shelf.ts';

/** Where chunks lie, as far as one writer knows: what it was told or wrote, and what the index knows. */
export interface KnownPlaces {
  /**
   * Whether a pack that is in the store holds the chunk. The index is brought up to date before the first chunk that
   * nobody knows. A place whose pack is gone is forgotten, by the index too.
   */
  holds(digest: Digest): Promise<boolean>;
  add(digest: Digest, location: PackLocation): void;
  locate(digest: Digest): PackLocation | undefined;
}

export interface KnownPlacesOptions {
  readonly index: ChunkIndex;
  readonly shelf: PackShelf;
  /** Brings the index up to date with what others have stored. */
  readonly learn: (() => Promise<unknown>) | undefined;
}

export function createKnownPlaces({ index, shelf, learn }: KnownPlacesOptions): KnownPlaces {
  const located = new Map<Digest, PackLocation>();
  let learning: Promise<unknown> | undefined;

  const findInIndex = async (digest: Digest): Promise<PackLocation | undefined> => {
    const found = index.find(digest);
    if (found !== undefined || learn === undefined) return found;
    learning ??= learn();
    await learning;
    return index.find(digest);
  };

  return {
    async holds(digest) {
      const location = located.get(digest) ?? (await findInIndex(digest));
      if (location === undefined) return false;
      if (await shelf.isThere(location.pack)) {
        located.set(digest, location);
        return true;
      }
      index.forgetPack(location.pack);
      located.delete(digest);
      return false;
    },
    add(digest, location) {
      located.set(digest, location);
    },
    locate: (digest) => located.get(digest) ?? index.find(digest),
  };
}
