import { verifyCache } from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { formatBytes } from '../terminal.ts';

/** Reads all of the cache; the exit code is 6 when something is damaged that was not removed. */
export async function mirrorVerify(
  context: CommandContext,
  settings: MirrorSettings & { readonly damage: 'report' | 'remove' },
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const { core } = await openMirror(context, settings, { stack, onNotKept: () => {} });
  const summary = await verifyCache(core.cache, {
    damage: settings.damage,
    signal: context.signal,
  });
  const { records, objects, bytes, damaged, evicted } = summary;
  const did = settings.damage === 'remove' ? 'removed' : 'damaged';
  const lines = [
    `${records} records, ${objects} objects, ${formatBytes(bytes)}; ${evicted} records of what was evicted`,
    ...damaged.map(({ key, subject, problem }) => `${did}: ${subject ?? key}: ${problem}`),
    damaged.length === 0
      ? 'all is well'
      : `${damaged.length} damaged${settings.damage === 'remove' ? ', now removed' : '; remove them with --repair'}`,
  ];
  return {
    json: { records, objects, bytes, evicted, damaged: damaged.map((each) => ({ ...each })) },
    text: lines.join('\n'),
    exitCode: damaged.length === 0 || settings.damage === 'remove' ? 0 : 6,
  };
}
