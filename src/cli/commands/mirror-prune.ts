import { cachePrefixes, recordReferences } from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { pruneCache } from '../prune-cache.ts';

export interface PruneSettings extends MirrorSettings {
  readonly toBytes: number;
  readonly mode: 'apply' | 'report';
}

/** Removes what was used longest ago until the mirror's cache holds no more than it may. */
export async function mirrorPrune(
  context: CommandContext,
  settings: PruneSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const opened = { stack, onNotKept: () => {} };
  const { core, home } = await openMirror(context, settings, opened);
  return await pruneCache({
    ...settings,
    home,
    prefixes: cachePrefixes,
    referencesOf: (key) => recordReferences(core.cache, key),
    signal: context.signal,
  });
}
