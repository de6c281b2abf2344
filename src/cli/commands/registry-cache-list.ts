import { listCache, type ListedTag } from '../../../registry-cache/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { formatTable } from '../terminal.ts';

/** Lists the tags that are kept, by name. */
export async function registryCacheList(
  context: CommandContext,
  settings: RegistryCacheSettings,
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const { core } = await openRegistryCache(context, settings, { stack, onNotKept: () => {} });
  const tags: ListedTag[] = [];
  for await (const tag of listCache(core.cache)) tags.push(tag);
  const sorted = tags.toSorted((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const rows = sorted.map((each) => [
    nameOf(each),
    each.digest.slice(0, 19),
    new Date(each.checkedAtMs).toISOString().slice(0, 19),
    each.access,
  ]);
  return {
    json: sorted.map((each) => ({ ...each })),
    text:
      rows.length === 0
        ? 'nothing is kept yet'
        : formatTable([['image', 'digest', 'confirmed', 'for'], ...rows]),
  };
}

function nameOf({ registry, repository, tag }: ListedTag): string {
  return `${registry}/${repository}:${tag}`;
}
