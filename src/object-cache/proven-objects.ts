import { createRecentMap } from '../flow/recent-map.ts';
import type { ObjectInfo } from '../store/object-store.ts';

/** Objects that were held against their digests a while ago: as long as nobody writes to them they are not read wrongly. */
export interface ProvenObjects {
  has(object: Version): boolean;
  add(object: Version): void;
  delete(key: string): void;
}

/** An object as it was when it was looked at. */
export type Version = Pick<ObjectInfo, 'key' | 'modifiedMs'>;

/** After this they are held against their digests once more: disks forget. */
const provenMs = 3600_000;
const keptObjects = 50_000;

export function createProvenObjects(nowMs: () => number): ProvenObjects {
  const proven = createRecentMap<{ readonly modifiedMs: number; readonly atMs: number }>(
    keptObjects,
  );
  return {
    has({ key, modifiedMs }) {
      const known = proven.get(key);
      if (known?.modifiedMs !== modifiedMs) return false;
      const ageMs = nowMs() - known.atMs;
      return ageMs >= 0 && ageMs < provenMs;
    },
    add: ({ key, modifiedMs }) => proven.set(key, { modifiedMs, atMs: nowMs() }),
    delete: (key) => proven.delete(key),
  };
}
