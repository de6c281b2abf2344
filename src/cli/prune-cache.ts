import { createEvictor } from '../object-cache/usage/usage-evictor.ts';
import type { FinishedCommand } from './common-options.ts';
import type { OpenPullThrough } from './open-pull-through.ts';
import { formatBytes } from './terminal.ts';

export interface PruneSettings {
  readonly toBytes: number;
  readonly mode: 'apply' | 'report';
}

/** Removes what was used longest ago until the cache holds no more than it may; what is in use stays. */
export async function pruneCache(
  { home, counted }: Pick<OpenPullThrough<unknown, unknown>, 'home' | 'counted'>,
  { toBytes, mode }: PruneSettings,
  signal: AbortSignal,
): Promise<FinishedCommand> {
  const { index, objects } = home;
  await index.reconcile({ store: objects, ...counted, signal });
  const heldBytes = index.totalBytes();
  const overBytes = Math.max(0, heldBytes - toBytes);
  if (mode === 'report') {
    return {
      json: { heldBytes, wouldRemoveBytes: overBytes },
      text: `the cache holds ${formatBytes(heldBytes)}; about ${formatBytes(overBytes)} would be removed`,
    };
  }
  const evictor = createEvictor({
    store: objects,
    usage: index,
    maxBytes: toBytes,
    keepShare: 1,
  });
  const fits = await evictor.makeRoom(0);
  const removed = evictor.counts();
  const left = fits
    ? ''
    : '; the rest was used or stored within the last half minute: try again in 30 s';
  return {
    json: { heldBytes, removedBytes: removed.bytes, removedObjects: removed.objects, fits },
    text: `${removed.objects} objects with ${formatBytes(removed.bytes)} of ${formatBytes(heldBytes)} were removed${left}`,
    exitCode: fits ? 0 : 6,
  };
}
