import { resolve } from 'node:path';
import { exportDisk } from '../../image/disk/export-disk.ts';
import { openImage } from '../../image/open-image.ts';
import { resolveImage } from '../../image/references/tags.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

/** `ashlar image export REF FILE`: the image as a sparse raw disk. */
export async function imageExport(
  context: CommandContext,
  reference: string,
  file: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const image = await openImage(imageStore, await resolveImage(imageStore.objects, reference));
  const path = resolve(file);
  await exportDisk(image, path, context.signal);
  return { json: { digest: image.digest, path, diskBytes: image.root.diskBytes }, text: path };
}
