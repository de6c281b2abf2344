import { join } from 'node:path';
import { importImage } from '../../../builder/index.ts';
import { createOwnedTempDir } from '../../disk/owned-temp-dir.ts';
import type { TempDir } from '../../disk/temp-dir.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { normalizeTagName, setTag } from '../../image/references/tags.ts';
import { openImageSource } from '../../oci/open-image-source.ts';
import type { CommandContext } from '../command-context.ts';
import { createCommandLedger } from '../command-ledger.ts';
import { ensureHome } from '../ensure-home.ts';
import { formatLedger, ledgerJson } from '../format-ledger.ts';
import { openStore } from '../open-store.ts';
import { createRegistryAccess } from '../registry-access.ts';
import type { CommandResult } from '../terminal.ts';

export interface ImageImportOptions {
  readonly name: string;
  readonly diskBytes: number;
  readonly platform: string | undefined;
}

const registryScheme = 'docker://';

/** `ashlar image import SRC -t NAME`. A name that cannot be one is refused before anything is read. */
export async function imageImport(
  context: CommandContext,
  source: string,
  options: ImageImportOptions,
): Promise<CommandResult> {
  const { config, signal } = context;
  const name = normalizeTagName(options.name);
  const ledger = createCommandLedger(context);
  const { stderr } = context.terminal;
  const access = createRegistryAccess(context, {
    ledger,
    warn: (message) => void stderr.write(`warning: ${message}\n`),
  });
  await ensureHome(context);
  await using temp = await ledger.span('cleanup', 'leftovers', () => createTempDirIn(config.home));
  const tempDir = temp.path;
  const reference = source.startsWith(registryScheme) ? source.slice(registryScheme.length) : null;
  await using imageSource = await ledger.span('source', source, async () =>
    openImageSource(source, {
      tmpDir: tempDir,
      signal,
      ...(reference === null ? {} : { registry: await access.optionsFor(reference) }),
      ...(options.platform === undefined ? {} : { platform: options.platform }),
    }),
  );
  using imageStore = await ledger.span('cache', 'store', () => openStore(context, 'write'));
  const { diskBytes } = options;
  const written = await importImage({
    imageStore,
    source: imageSource,
    diskBytes,
    tempDir,
    ledger,
    signal,
  });
  const tag = await ledger.span('upload', name, () =>
    setTag(imageStore.objects, { name, image: written.digest, nowMs: context.nowMs() }),
  );
  const summary = ledger.summary();
  const through = reference === null ? null : access.through(reference);
  if (through !== null) stderr.write(`${source} through the registry cache at ${through}\n`);
  stderr.write(`${formatLedger(summary)}\n`);
  return {
    json: {
      digest: written.digest,
      tag: tag.name,
      diskBytes,
      through,
      totals: { ...written.totals },
      ledger: ledgerJson(summary),
    },
    text: `${tag.name} ${written.digest}`,
  };
}

async function createTempDirIn(home: string): Promise<TempDir> {
  try {
    return await createOwnedTempDir(join(home, 'tmp'), 'import');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'home_unusable',
      `cannot make a temporary directory below ${home} (${code})`,
      { data: { path: home }, cause: error },
    );
  }
}
