import { readStoreStats } from '../../collect/store-stats.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes, formatTable } from '../terminal.ts';

/** `ashlar store stats` */
export async function storeStats(context: CommandContext): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const stats = await readStoreStats(imageStore);
  const { damagedImages } = stats;
  const damaged = damagedImages === 0 ? '' : `; ${damagedImages} of them cannot be read`;
  const rows = [
    ['store', imageStore.objects.url],
    ['images', `${stats.images} with ${stats.tags} tags${damaged}`],
    ['packs', `${stats.packs} of ${formatBytes(stats.packBytes)}`],
    ['quarantine', `${stats.quarantinedPacks} packs of ${formatBytes(stats.quarantinedBytes)}`],
    ['chunks', `${stats.chunks}, ${stats.distinctChunks} of them distinct`],
    ['logical', formatBytes(stats.logicalBytes)],
  ];
  return { json: { url: imageStore.objects.url, ...stats }, text: formatTable(rows) };
}
