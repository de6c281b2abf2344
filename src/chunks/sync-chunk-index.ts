import type { Digest } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import { createLimiter } from '../flow/limiter.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { digestInKey } from '../store/store-paths.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { readPackIndex } from './read-pack-index.ts';

export interface SyncChunkIndexOptions {
  readonly store: ObjectStore;
  readonly index: ChunkIndex;
  /** Packs read in one call; what is left is learned by later ones. Default 512. */
  readonly maxPacks?: number;
}

/** Packs whose ends are read at the same time. */
const readsAhead = 8;

/** What is wrong with one pack and no reason to fail: it was moved meanwhile, or is damaged. */
const passedOver = [
  'pack_corrupt',
  'object_missing',
  'object_truncated',
  'object_too_large',
  'object_not_a_file',
] as const;

/**
 * Learns the packs of the store that the index does not know, such as those that other machines wrote: the newest
 * first, when they are many, of each only its end. Damaged packs are passed over. Gives the number of packs learned.
 * Throws what the store throws when it cannot be listed or read at all.
 */
export async function syncChunkIndex(options: SyncChunkIndexOptions): Promise<number> {
  const { store, index } = options;
  const unknown: ObjectInfo[] = [];
  for await (const info of store.list('packs/')) {
    const pack = digestInKey(info.key);
    if (pack !== null && !index.hasPack(pack)) unknown.push(info);
  }
  unknown.sort((left, right) => right.modifiedMs - left.modifiedMs);
  const chosen = unknown.slice(0, options.maxPacks ?? 512);
  let learned = 0;
  const reads = createLimiter(readsAhead);
  // The newest last: of a chunk that is in several packs, the place learned last counts.
  for (const info of chosen.reverse()) {
    const pack = digestInKey(info.key);
    if (pack === null) continue;
    await reads.enter(async () => {
      if (await learnPack(options, pack, info.sizeBytes)) learned += 1;
    });
  }
  await reads.drain();
  return learned;
}

async function learnPack(
  { store, index }: SyncChunkIndexOptions,
  pack: Digest,
  sizeBytes: number,
): Promise<boolean> {
  try {
    index.addPack(pack, await readPackIndex(store, pack, sizeBytes));
    return true;
  } catch (error) {
    if (!hasCode(error, ...passedOver)) throw error;
    if (error.code === 'pack_corrupt') index.retirePack(pack);
    return false;
  }
}
