import { resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { directoryFiles, type ImageFiles, storedImageFiles } from '../../base-images/index.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { isTreeDamage } from '../image/damage/damage-codes.ts';
import { readJsonObject } from '../image/json-object.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import type { ImageStore } from '../image/image-store.ts';
import { resolveImage } from '../image/references/tags.ts';
import { isDigest } from '../digest/digest.ts';
import { imageKey } from '../store/store-paths.ts';
import type { CommandContext } from './command-context.ts';
import { importUntagged } from './import-untagged.ts';
import { openStore } from './open-store.ts';

/** What is looked at: an image of the store, or a directory. */
export type CheckedImage = Disposable & {
  readonly files: ImageFiles;
  /** The files that the setup of the image began with, where the store still has them. */
  readonly before: ImageFiles | null;
  /** Null for a directory, of which no container and no machine can be made. */
  readonly stored: { readonly imageStore: ImageStore; readonly image: OpenImage } | null;
};

const directoryScheme = 'dir:';
const sourceScheme = /^(?:docker:\/\/|tar:|oci:|oci-archive:|docker-archive:)/;

/**
 * Finds an image by what people call it: a tag or digest of the store; a source as `image import` takes it, which is put into the store without a
 * tag; or `dir:PATH`, a root file system on this machine. Throws `image_not_found`, `source_invalid`, and what importing throws.
 */
export async function findCheckedImage(
  context: CommandContext,
  reference: string,
): Promise<CheckedImage> {
  if (reference.startsWith(directoryScheme))
    return directory(reference.slice(directoryScheme.length));
  const isSource = sourceScheme.test(reference);
  const imageStore = await openStore(context, isSource ? 'write' : 'read');
  try {
    const digest = isSource
      ? await importUntagged(context, imageStore, reference)
      : await resolveImage(imageStore.objects, reference);
    const image = await openImage(imageStore, digest);
    return {
      files: await storedImageFiles(imageStore, digest),
      before: await filesBefore(imageStore, digest),
      stored: { imageStore, image },
      [Symbol.dispose]: () => imageStore[Symbol.dispose](),
    };
  } catch (error) {
    imageStore[Symbol.dispose]();
    throw error;
  }
}

async function directory(path: string): Promise<CheckedImage> {
  const root = resolve(path);
  const stats = await stat(root).catch((error: unknown) => {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw notDirectory(path, `cannot be looked at (${code})`, error);
  });
  if (!stats.isDirectory()) throw notDirectory(path, 'is no directory');
  return { files: directoryFiles(root), before: null, stored: null, [Symbol.dispose]: () => {} };
}

function notDirectory(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('source_invalid', `${path} of this machine ${what}`, {
    data: { path },
    cause,
    hint: 'Name the root directory of a file system as dir:PATH, or an image of the store.',
  });
}

/** Provenance may be gone, or damaged, or tell of an image that was collected: then nobody knows. */
async function filesBefore(imageStore: ImageStore, digest: Digest): Promise<ImageFiles | null> {
  try {
    const provenance = await readJsonObject(imageStore.objects, imageKey(digest, 'provenance'));
    const setup = provenance?.['setup'];
    if (typeof setup !== 'object' || setup === null || !('base' in setup)) return null;
    const { base } = setup;
    if (typeof base !== 'string' || !isDigest(base)) return null;
    return await storedImageFiles(imageStore, base);
  } catch (error) {
    if (isTreeDamage(error) || hasCode(error, 'image_not_found')) return null;
    throw error;
  }
}
