import { createImageStore, type ImageStore } from '../image/image-store.ts';
import { openObjectStore } from '../store/open-object-store.ts';
import type { CommandContext } from './command-context.ts';

/** Opens the store that the command line names. `purpose` decides whether a store that is missing is made. */
export async function openStore(
  context: CommandContext,
  purpose: 'read' | 'write',
): Promise<ImageStore> {
  const { config } = context;
  const objects = await openObjectStore(config.storeUrl, {
    create: purpose === 'write' ? 'if-missing' : 'never',
  });
  return createImageStore(objects, config.home);
}
