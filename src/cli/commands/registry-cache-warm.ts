import { warmImages } from '../../../registry-cache/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { formatBytes } from '../terminal.ts';
import { trustBuildCa } from '../trust-build-ca.ts';

/** Fetches images into the cache; the exit code is 5 when some of them cannot be had, or not be kept. */
export async function registryCacheWarm(
  context: CommandContext,
  references: readonly string[],
  settings: RegistryCacheSettings & { readonly platforms: readonly string[] },
): Promise<FinishedCommand> {
  await trustBuildCa(context.env);
  await using stack = new AsyncDisposableStack();
  const { stderr, isInteractive } = context.terminal;
  const { core } = await openRegistryCache(context, settings, {
    stack,
    onNotKept: (subject, error) => stderr.write(`${subject} cannot be stored: ${String(error)}\n`),
  });
  const { images, failures } = await warmImages(core, references, {
    platforms: settings.platforms,
    signal: context.signal,
    onProgress(subject) {
      if (isInteractive) stderr.write(`\r\u001B[K${subject}`);
    },
  });
  if (isInteractive) stderr.write('\n');
  const lines = [
    ...images.map(
      ({ image, digest, manifests, blobs, fetchedBytes }) =>
        `${image} ${digest.slice(0, 19)}: ${manifests} manifests, ${blobs} blobs, ${formatBytes(fetchedBytes)} fetched`,
    ),
    ...failures.map(({ subject, problem }) => `failed: ${subject}: ${problem}`),
    ...new Set(failures.map(({ hint }) => `hint: ${hint}`)),
  ];
  return {
    json: {
      images: images.map((image) => ({ ...image })),
      failures: failures.map((failure) => ({ ...failure })),
    },
    text: lines.join('\n'),
    exitCode: failures.length === 0 ? 0 : 5,
  };
}
