import { join } from 'node:path';
import { importImage } from '../../builder/index.ts';
import type { Digest } from '../digest/digest.ts';
import { createOwnedTempDir } from '../disk/owned-temp-dir.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openImageSource } from '../oci/open-image-source.ts';
import type { CommandContext } from './command-context.ts';
import { createCommandLedger } from './command-ledger.ts';
import { defaultDiskSize } from './defaults.ts';
import { parseDiskSize } from './parse-size.ts';
import { createRegistryAccess } from './registry-access.ts';

const registryScheme = 'docker://';

/** Puts an image into the store as `image import` does, but gives it no name: `store gc` takes it away again. */
export async function importUntagged(
  context: CommandContext,
  imageStore: ImageStore,
  source: string,
): Promise<Digest> {
  const { config, signal } = context;
  const ledger = createCommandLedger(context);
  const { stderr } = context.terminal;
  const access = createRegistryAccess(context, {
    ledger,
    warn: (message) => void stderr.write(`warning: ${message}\n`),
  });
  await using temp = await createOwnedTempDir(join(config.home, 'tmp'), 'import');
  const reference = source.startsWith(registryScheme) ? source.slice(registryScheme.length) : null;
  await using imageSource = await openImageSource(source, {
    tmpDir: temp.path,
    signal,
    ...(reference === null ? {} : { registry: await access.optionsFor(reference) }),
  });
  const { digest } = await importImage({
    imageStore,
    source: imageSource,
    diskBytes: parseDiskSize(defaultDiskSize, 'the default disk size'),
    tempDir: temp.path,
    ledger,
    signal,
  });
  return digest;
}
