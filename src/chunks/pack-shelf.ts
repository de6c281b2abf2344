import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey, quarantineKey } from '../store/store-paths.ts';

/** The packs of a store, those in quarantine included: who asks for one takes it out. */
export interface PackShelf {
  /** Bytes of a pack; `pack_missing` where it is neither in its place nor in quarantine. */
  read(pack: Digest, offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Buffer>;
  /** True when the pack is there, if need be after a rescue. Asked once a pack, then remembered. */
  isThere(pack: Digest): Promise<boolean>;
}

export function createPackShelf(store: ObjectStore): PackShelf {
  const known = new Map<Digest, Promise<boolean>>();
  const lookUp = async (pack: Digest): Promise<boolean> =>
    (await store.head(packKey(pack))) !== null || rescuePack(store, pack);
  return {
    async read(pack, offset, lengthBytes, signal) {
      const options = signal === undefined ? {} : { signal };
      try {
        return await store.getRange(packKey(pack), offset, lengthBytes, options);
      } catch (error) {
        if (!(error instanceof AshlarError)) throw error;
        if (error.code === 'object_truncated') throw packDamaged(pack, error);
        if (error.code !== 'object_missing') throw error;
        if (!(await rescuePack(store, pack))) throw packMissing(pack, error);
        return store.getRange(packKey(pack), offset, lengthBytes, options);
      }
    },
    async isThere(pack) {
      const asked = known.get(pack) ?? lookUp(pack);
      known.set(pack, asked);
      return asked;
    },
  };
}

/** Puts a pack back from quarantine; false when it is not there. */
async function rescuePack(store: ObjectStore, pack: Digest): Promise<boolean> {
  const key = quarantineKey(pack);
  if ((await store.head(key)) === null) return false;
  await store.put(packKey(pack), await store.get(key));
  await store.delete(key);
  return true;
}

function packMissing(pack: Digest, cause: Error): AshlarError {
  return new AshlarError('pack_missing', `the pack ${pack} is not in the store`, {
    data: { pack },
    cause,
  });
}

function packDamaged(pack: Digest, cause: Error): AshlarError {
  return new AshlarError('pack_corrupt', `the pack ${pack} is shorter than it was written`, {
    data: { pack },
    cause,
  });
}
