import type { ObjectStore } from '../../store/object-store.ts';
import type { UsageIndex } from './usage-index.ts';
import type { Victim } from './usage-victims.ts';

export interface EvictorOptions {
  readonly store: ObjectStore;
  readonly usage: UsageIndex;
  /** What the cache may hold; `Infinity` for what the disk takes. */
  readonly maxBytes: number;
  /** The share of `maxBytes` down to which is evicted once it is exceeded, so that not each object evicts. Default 0.95. */
  readonly keepShare?: number;
  /** What was used or stored within this time stays, as another process may be about to read it. Default 30 s. */
  readonly spareMs?: number;
  readonly nowMs?: () => number;
}

export interface EvictionCounts {
  readonly objects: number;
  readonly bytes: number;
  /** Chosen, but used again before they were deleted. */
  readonly spared: number;
}

/**
 * Deletes what was not used for longest: first an object that nothing refers to, then what only it referred to. A process
 * that is killed in between leaves objects without a referrer, which go in their turn; never a referrer without its
 * objects.
 *
 * Of the processes of one host, which share the index, each sees what the others take, so that together they delete
 * no more than is needed. Other hosts on the same store are not asked: one of their objects goes when this host has not
 * used it and it was not stored anew since. They find it missing, and fetch it again; so all readers have to take a
 * referrer whose object is missing for no entry at all.
 *
 * All calls may throw what the store and the index throw; what was not deleted then counts again.
 */
export interface Evictor {
  /** Makes room under `maxBytes` for an object that is about to be recorded. False when there is not enough that can go. */
  makeRoom(sizeBytes: number): Promise<boolean>;
  /** Deletes at least so much, whatever `maxBytes` says, for a disk that is full. False when there is not enough. */
  free(sizeBytes: number): Promise<boolean>;
  counts(): EvictionCounts;
}

export function createEvictor(options: EvictorOptions): Evictor {
  const { usage, maxBytes, keepShare = 0.95, spareMs = 30_000 } = options;
  const nowMs = options.nowMs ?? Date.now;
  const state = { counts: { objects: 0, bytes: 0, spared: 0 } };
  let last: Promise<unknown> = Promise.resolve();

  /** One eviction at a time: the next one sees what this one has freed. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = last.then(work);
    last = run.catch(() => {}); // its caller is told
    return run;
  }

  /** Deletes batches until no more is needed; gives what went, which is too little when there is no more. */
  async function evict(
    neededBytes: (totalBytes: number, freedBytes: number) => number,
  ): Promise<number> {
    let freedBytes = 0;
    for (;;) {
      const victims = usage.victims.choose({
        neededBytes: (totalBytes) => neededBytes(totalBytes, freedBytes),
        unusedSinceMs: nowMs() - spareMs,
      });
      if (victims.length === 0) return freedBytes;
      const gone = await deleteVictims(options, { victims, spareMs });
      const goneBytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      freedBytes += goneBytes;
      const { counts } = state;
      state.counts = {
        objects: counts.objects + gone.length,
        bytes: counts.bytes + goneBytes,
        spared: counts.spared + victims.length - gone.length,
      };
    }
  }

  return {
    counts: () => state.counts,
    async makeRoom(sizeBytes) {
      const fits = (): boolean => usage.totalBytes() + sizeBytes <= maxBytes;
      if (fits()) return true;
      if (sizeBytes > maxBytes) return false;
      const goalBytes = Math.max(Math.floor(maxBytes * keepShare), sizeBytes) - sizeBytes;
      return inTurn(async () => {
        if (!fits()) await evict((totalBytes) => totalBytes - goalBytes);
        return fits();
      });
    },
    free: (sizeBytes) =>
      inTurn(async () => (await evict((_, freedBytes) => sizeBytes - freedBytes)) >= sizeBytes),
  };
}

interface Batch {
  readonly victims: readonly Victim[];
  readonly spareMs: number;
}

/** The victims that are no more; the others count again. */
async function deleteVictims(
  { store, usage }: EvictorOptions,
  { victims, spareMs }: Batch,
): Promise<readonly Victim[]> {
  const deleted = new Set<string>();
  const storedMs = new Map<string, number>();
  const isFree = (victim: Victim): boolean => usage.victims.mayGo(victim, deleted);
  try {
    for (const victim of victims) {
      if (!isFree(victim)) continue;
      const info = await store.head(victim.key);
      if (info !== null && info.modifiedMs > victim.usedMs + spareMs) {
        storedMs.set(victim.key, info.modifiedMs);
        continue;
      }
      if (!isFree(victim)) continue;
      if (info !== null) await store.delete(victim.key);
      deleted.add(victim.key);
    }
  } finally {
    const gone = victims.filter(({ key }) => deleted.has(key));
    const spared = victims
      .filter(({ key }) => !deleted.has(key))
      .map((victim) => ({ ...victim, usedMs: storedMs.get(victim.key) ?? victim.usedMs }));
    usage.victims.settle({ gone, spared });
  }
  return victims.filter(({ key }) => deleted.has(key));
}
