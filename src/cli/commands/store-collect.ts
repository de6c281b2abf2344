import { collectGarbage, defaultCollectTimes } from '../../collect/collect-garbage.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes } from '../terminal.ts';

export interface StoreCollectOptions {
  readonly mode: 'report' | 'apply';
  readonly graceMs?: number;
  readonly keepStepsMs?: number;
  readonly quarantineMs?: number;
}

/** `ashlar store gc` */
export async function storeCollect(
  context: CommandContext,
  options: StoreCollectOptions,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const report = await collectGarbage(imageStore, {
    ...defaultCollectTimes,
    ...options,
    nowMs: context.nowMs(),
    signal: context.signal,
  });
  const verb = options.mode === 'report' ? 'would ' : '';
  const lines = [
    `${report.kept.size} images are kept`,
    `${verb}remove ${report.removedImages.length} images and ${report.removedRecords} old records`,
    `${verb}quarantine ${report.quarantined.length} packs, rescue ${report.rescued.length}, rewrite ${report.rewritten.length}`,
    `${verb}delete ${report.deleted.length} packs of ${formatBytes(report.deletedBytes)}`,
  ];
  return {
    json: { ...report, dryRun: options.mode === 'report', kept: Object.fromEntries(report.kept) },
    text: lines.join('\n'),
  };
}
