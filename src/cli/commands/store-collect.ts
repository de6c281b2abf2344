import { collectGarbage, defaultCollectTimes } from '../../collect/collect-garbage.ts';
import type { KeepReason } from '../../collect/mark-images.ts';
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
  const would = options.mode === 'report';
  const verb = (plain: string, done: string): string => (would ? `would ${plain}` : done);
  const lines = [
    keptLine([...report.kept.values()]),
    `${verb('remove', 'removed')} ${report.removedImages.length} images and ${report.removedRecords} old records`,
    `${verb('quarantine', 'put into quarantine')} ${report.quarantined.length} packs, ${verb('rescue', 'rescued')} ${report.rescued.length}, ${verb('rewrite', 'rewrote')} ${report.rewritten.length}`,
    `${verb('delete', 'deleted')} ${report.deleted.length} packs of ${formatBytes(report.deletedBytes)}`,
  ];
  return {
    json: { ...report, dryRun: options.mode === 'report', kept: Object.fromEntries(report.kept) },
    text: lines.join('\n'),
  };
}

/** `30 images are kept: 2 by a tag, 24 as they are recent, ...` */
function keptLine(reasons: readonly KeepReason[]): string {
  const parts = Object.entries(keptBecause).flatMap(([reason, words]) => {
    const count = reasons.filter((one) => one === reason).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const why = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${reasons.length} images are kept${why}`;
}

const keptBecause: Readonly<Record<KeepReason, string>> = {
  tag: 'by a tag',
  lease: 'by a lease',
  'recent step': 'for a step of a recent build',
  recent: 'as they are recent (--grace)',
};
