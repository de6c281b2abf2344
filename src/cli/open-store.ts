import { probeAnswer } from '../disk/probe-directory.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { createImageStore, type ImageStore } from '../image/image-store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openObjectStore } from '../store/open-object-store.ts';
import { parseStoreUrl } from '../store/store-url.ts';
import type { CommandContext } from './command-context.ts';
import { ensureHome } from './ensure-home.ts';

/**
 * Opens the store that the command line names. `purpose` decides whether a store that is missing is made, and whether the
 * state directory has to be good: who reads does without. Throws `home_unusable`, `disk_full`, and the codes of
 * `openObjectStore`.
 */
export async function openStore(
  context: CommandContext,
  purpose: 'read' | 'write',
): Promise<ImageStore> {
  if (purpose === 'write') await ensureHome(context);
  const objects = await openObjects(context, purpose);
  const isUsable = (await context.homeProblem()) === null;
  return createImageStore(objects, isUsable ? context.config.home : null);
}

/** The objects alone. A store on a file system that does not answer is `store_unreachable`. */
export async function openObjects(
  { config }: CommandContext,
  purpose: 'read' | 'write',
): Promise<ObjectStore> {
  const location = parseStoreUrl(config.storeUrl);
  if (location.kind === 'fs') {
    const { directory } = location;
    const problem = await probeAnswer(directory, purpose);
    if (problem?.kind === 'hangs') {
      throw new AshlarError('store_unreachable', `the store ${directory} ${problem.words}`, {
        data: { path: directory },
      });
    }
  }
  return openObjectStore(config.storeUrl, {
    create: purpose === 'write' ? 'if-missing' : 'never',
  });
}
