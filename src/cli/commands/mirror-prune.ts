import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { pruneCache, type PruneSettings } from '../prune-cache.ts';

/** Removes what was used longest ago until the mirror's cache holds no more than it may. */
export async function mirrorPrune(
  context: CommandContext,
  settings: MirrorSettings & PruneSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const opened = await openMirror(context, settings, { stack, onNotKept: () => {} });
  return await pruneCache(opened, settings, context.signal);
}
