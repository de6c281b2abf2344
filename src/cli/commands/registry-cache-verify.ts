import { verifyCache } from '../../../registry-cache/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { formatBytes } from '../terminal.ts';

/** Reads all of the cache; the exit code is 6 when something is damaged that was not removed. */
export async function registryCacheVerify(
  context: CommandContext,
  settings: RegistryCacheSettings & { readonly damage: 'report' | 'remove' },
): Promise<FinishedCommand> {
  await using stack = new AsyncDisposableStack();
  const { core } = await openRegistryCache(context, settings, { stack, onNotKept: () => {} });
  const { damage } = settings;
  const summary = await verifyCache(core.cache, { damage, signal: context.signal });
  const { records, objects, bytes, damaged } = summary;
  const did = damage === 'remove' ? 'removed' : 'damaged';
  const lines = [
    `${records} records, ${objects} blobs and manifests, ${formatBytes(bytes)}`,
    ...damaged.map(({ key, subject, problem }) => `${did}: ${subject ?? key}: ${problem}`),
    damaged.length === 0
      ? 'all is well'
      : `${damaged.length} damaged${damage === 'remove' ? ', now removed' : '; remove them with --repair'}`,
  ];
  return {
    json: { records, objects, bytes, damaged: damaged.map((each) => ({ ...each })) },
    text: lines.join('\n'),
    exitCode: damaged.length === 0 || damage === 'remove' ? 0 : 6,
  };
}
