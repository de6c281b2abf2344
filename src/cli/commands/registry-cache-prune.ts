import { cachePrefixes, recordReferences } from '../../../registry-cache/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { pruneCache } from '../prune-cache.ts';

export interface PruneSettings extends RegistryCacheSettings {
  readonly toBytes: number;
  readonly mode: 'apply' | 'report';
}

/** Removes what was used longest ago until the registry cache holds no more than it may. */
export async function registryCachePrune(
  context: CommandContext,
  settings: PruneSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const opened = { stack, onNotKept: () => {} };
  const { core, home } = await openRegistryCache(context, settings, opened);
  return await pruneCache({
    ...settings,
    home,
    prefixes: cachePrefixes,
    referencesOf: (key) => recordReferences(core.cache, key),
    signal: context.signal,
  });
}
