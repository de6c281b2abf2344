import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { createLimiter } from '../flow/limiter.ts';
import { shared } from '../flow/remember.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey, quarantineKey } from '../store/store-paths.ts';
import { rescuePack } from './pack-quarantine.ts';

export interface PackRange {
  readonly pack: Digest;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** The packs of a store, those in quarantine included. */
export interface PackShelf {
  /**
   * Bytes of a pack; `pack_missing` where it is neither in its place nor in quarantine, `pack_corrupt` where it ends
   * before them.
   */
  read(range: PackRange, signal?: AbortSignal): Promise<Buffer>;
  /** True when the pack is there. A yes is remembered, a no is not. */
  isThere(pack: Digest): Promise<boolean>;
  /** Those of the packs that are not there now, whatever was remembered. */
  findMissing(packs: Iterable<Digest>): Promise<Digest[]>;
}

export interface PackShelfOptions {
  /**
   * `rescue`: who asks for a pack in quarantine takes it out. `leave`: it is read where it is and nothing in the store
   * changes.
   */
  readonly quarantine: 'rescue' | 'leave';
}

/** Packs that are looked for at the same time. */
const looksAhead = 16;

export function createPackShelf(store: ObjectStore, options: PackShelfOptions): PackShelf {
  const present = new Set<Digest>();
  const rescue = shared((pack: Digest) => rescuePack(store, pack));
  const lookUp = async (pack: Digest): Promise<boolean> => {
    if ((await store.head(packKey(pack))) !== null) return true;
    if (options.quarantine === 'leave') return (await store.head(quarantineKey(pack))) !== null;
    // Somebody else may have been quicker.
    return (await rescue(pack)) || (await store.head(packKey(pack))) !== null;
  };
  return {
    async read(range, signal) {
      const { pack } = range;
      const readAt = (key: string): Promise<Buffer | null> =>
        readRange(store, { ...range, key, signal });
      const direct = await readAt(packKey(pack));
      if (direct !== null) return direct;
      if (options.quarantine === 'rescue') await tryRescue(rescue, pack);
      // It may be moved either way while this looks.
      for (const key of [quarantineKey(pack), packKey(pack)]) {
        const bytes = await readAt(key);
        if (bytes !== null) return bytes;
      }
      throw new AshlarError('pack_missing', `the pack ${pack} is not in the store`, {
        data: { pack },
      });
    },
    async isThere(pack) {
      if (present.has(pack)) return true;
      const isThere = await lookUp(pack);
      if (isThere) present.add(pack);
      return isThere;
    },
    async findMissing(packs) {
      const missing: Digest[] = [];
      const looks = createLimiter(looksAhead);
      for (const pack of packs) {
        await looks.enter(async () => {
          if (!(await lookUp(pack))) missing.push(pack);
        });
      }
      await looks.drain();
      return missing;
    },
  };
}

/** A store that cannot be written can still be read: the pack then stays in quarantine. */
async function tryRescue(rescue: (pack: Digest) => Promise<boolean>, pack: Digest): Promise<void> {
  try {
    await rescue(pack);
  } catch (error) {
    if (!hasCode(error, 'store_read_only', 'store_full')) throw error;
  }
}

interface RangeRead extends PackRange {
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

/** Null when there is no such object. */
async function readRange(store: ObjectStore, range: RangeRead): Promise<Buffer | null> {
  const { pack, key, offset, lengthBytes, signal } = range;
  try {
    return await store.getRange(key, offset, lengthBytes, signal === undefined ? {} : { signal });
  } catch (error) {
    if (hasCode(error, 'object_missing')) return null;
    if (!hasCode(error, 'object_truncated', 'object_too_large')) throw error;
    throw new AshlarError(
      'pack_corrupt',
      `the pack ${pack} has no ${lengthBytes} bytes at ${offset}: it is cut short, or the placement is wrong`,
      { data: { pack }, cause: error },
    );
  }
}
