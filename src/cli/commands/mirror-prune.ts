import { cachePrefixes, recordReferences } from '../../../mirror/index.ts';
import { createEvictor } from '../../pull-through/usage-evictor.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { formatBytes } from '../terminal.ts';

export interface PruneSettings extends MirrorSettings {
  readonly toBytes: number;
  readonly mode: 'apply' | 'report';
}

/** Removes what was used longest ago until the cache holds no more than it may; what is in use stays. */
export async function mirrorPrune(
  context: CommandContext,
  settings: PruneSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const { core, home } = await openMirror(context, settings, { stack, onNotKept: () => {} });
  const { objects, index: usage } = home;
  await usage.reconcile({
    store: objects,
    prefixes: cachePrefixes,
    referencesOf: (key) => recordReferences(core.cache, key),
    signal: context.signal,
  });
  const heldBytes = usage.totalBytes();
  const overBytes = Math.max(0, heldBytes - settings.toBytes);
  if (settings.mode === 'report') {
    return {
      json: { heldBytes, wouldRemoveBytes: overBytes },
      text: `the cache holds ${formatBytes(heldBytes)}; about ${formatBytes(overBytes)} would be removed`,
    };
  }
  const evictor = createEvictor({
    store: objects,
    usage,
    maxBytes: settings.toBytes,
    keepShare: 1,
    protect: () => false,
  });
  const fits = await evictor.makeRoom(0);
  const removed = evictor.counts();
  const left = fits ? '' : '; the rest was used within the last half minute';
  return {
    json: { heldBytes, removedBytes: removed.bytes, removedObjects: removed.objects, fits },
    text: `${removed.objects} objects with ${formatBytes(removed.bytes)} of ${formatBytes(heldBytes)} were removed${left}`,
    exitCode: fits ? 0 : 6,
  };
}
