import { hasCode } from '../../errors/has-code.ts';
import type { Evictor } from './usage-evictor.ts';
import type { UsageIndex, UsageRecord } from './usage-index.ts';

export interface RoomyPut extends UsageRecord {
  /** Stores the object; called again after a failure for want of space. */
  readonly put: () => Promise<'created' | 'exists'>;
}

/** A disk needs more than the bytes of an object: blocks, folders, the index itself. */
const slackBytes = 1024 * 1024;

/**
 * Records an object and stores it, with room made for it under the cache's limit, and once more when the disk is full.
 * `no-room` where that did not help: the object is then not recorded, and its caller passes it on uncached. Other
 * failures of `put` come out as they are.
 */
export async function putWithRoom(
  cache: { readonly usage: UsageIndex; readonly evictor: Evictor },
  entry: RoomyPut,
): Promise<'created' | 'exists' | 'no-room'> {
  const { usage, evictor } = cache;
  const first = await unlessFull(async () => {
    const isRoom = await evictor.makeRoom(entry.sizeBytes);
    return isRoom ? recordAndPut(usage, entry) : 'no-room';
  });
  if (first !== 'full') return first;
  const second = await unlessFull(async () => {
    await evictor.free(entry.sizeBytes + slackBytes);
    return recordAndPut(usage, entry);
  });
  return second === 'full' ? 'no-room' : second;
}

async function recordAndPut(usage: UsageIndex, entry: RoomyPut): Promise<'created' | 'exists'> {
  const isNew = usage.record(entry) === 'new';
  try {
    return await entry.put();
  } catch (error) {
    if (isNew) usage.forget(entry.key);
    throw error;
  }
}

async function unlessFull<T>(work: () => Promise<T>): Promise<T | 'full'> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, 'store_full', 'disk_full')) return 'full';
    throw error;
  }
}
