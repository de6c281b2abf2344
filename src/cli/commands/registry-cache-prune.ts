import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { pruneCache, type PruneSettings } from '../prune-cache.ts';

/** Removes what was used longest ago until the registry cache holds no more than it may. */
export async function registryCachePrune(
  context: CommandContext,
  settings: RegistryCacheSettings & PruneSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const opened = await openRegistryCache(context, settings, { stack, onNotKept: () => {} });
  return await pruneCache(opened, settings, context.signal);
}
