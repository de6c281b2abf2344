import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { importImage } from '../../../builder/index.ts';
import { setTag } from '../../image/tags.ts';
import { createLedger } from '../../ledger/ledger.ts';
import { openImageSource } from '../../oci/open-image-source.ts';
import type { CommandContext } from '../command-context.ts';
import { formatLedger } from '../format-ledger.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

export interface ImageImportOptions {
  readonly name: string;
  readonly diskBytes: number;
  readonly platform: string | undefined;
}

/** `ashlar image import SRC -t NAME` */
export async function imageImport(
  context: CommandContext,
  source: string,
  options: ImageImportOptions,
): Promise<CommandResult> {
  const { config, signal } = context;
  const ledger = createLedger();
  const tempDir = join(config.home, 'tmp');
  await mkdir(tempDir, { recursive: true });
  await using imageSource = await openImageSource(source, {
    tmpDir: tempDir,
    signal,
    ...(options.platform === undefined ? {} : { platform: options.platform }),
  });
  using imageStore = await openStore(context, 'write');
  const { diskBytes } = options;
  const written = await importImage({
    imageStore,
    source: imageSource,
    diskBytes,
    tempDir,
    ledger,
    signal,
  });
  const tag = await setTag(imageStore.objects, options.name, written.digest, context.nowMs());
  const summary = ledger.summary();
  context.terminal.stderr.write(`${formatLedger(summary)}\n`);
  return {
    json: {
      digest: written.digest,
      tag: tag.name,
      diskBytes,
      totals: { ...written.totals },
      ledger: { ...summary.byKind },
    },
    text: `${tag.name} ${written.digest}`,
  };
}
