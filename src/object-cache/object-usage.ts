import type { Evictor } from './usage/usage-evictor.ts';
import type { UsageIndex, UsageRecord } from './usage/usage-index.ts';
import { putWithRoom } from './usage/usage-put.ts';

/** Told of what a cache uses and stores, so that room is made when it is full. */
export interface ObjectUsage {
  used(key: string): void;
  dropped(key: string): void;
  /** Frees at least so much of a full disk, as far as there is something that can go. */
  free(sizeBytes: number): Promise<void>;
  /** Stores an object. `no-room` where no room could be made for it: the cache is then without it. */
  put(
    entry: UsageRecord,
    write: () => Promise<'created' | 'exists'>,
  ): Promise<'created' | 'exists' | 'no-room'>;
}

/** Keeps count in an index, and evicts what was used longest ago. */
export function indexedUsage(usage: UsageIndex, evictor: Evictor): ObjectUsage {
  return {
    used: (key) => usage.touch(key),
    dropped: (key) => usage.forget(key),
    free: async (sizeBytes) => void (await evictor.free(sizeBytes)),
    put: (entry, write) => putWithRoom({ usage, evictor }, { ...entry, put: write }),
  };
}
