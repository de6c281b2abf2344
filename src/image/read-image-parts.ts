import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey, type ImagePart } from '../store/store-paths.ts';
import { decodeImageRoot, type ImageRoot, maxRootBytes } from './image-root.ts';
import { openPlacement, type OpenPlacement } from './placement.ts';

/** Eight bytes a chunk: a full disk of 1 TiB has a placement of 130 MB. */
const maxPlacementBytes = 512 * 1024 * 1024;

/** A placement of this size is for 30 GiB; larger ones are read page by page. */
const maxWholeBytes = 4 * 1024 * 1024;

/** The root of an image, held against its digest. Throws `image_not_found`, `manifest_corrupt`, `store_newer_format`. */
export async function readRoot(objects: ObjectStore, digest: Digest): Promise<ImageRoot> {
  const key = imageKey(digest, 'root');
  const bytes = await objects.get(key, { maxBytes: maxRootBytes }).catch((error: unknown) => {
    if (hasCode(error, ['object_missing'])) throw imageNotFound(digest, error);
    if (hasCode(error, ['object_too_large'])) throw rootCorrupt(digest, error);
    throw error;
  });
  if (digestOf(bytes) !== digest) throw rootCorrupt(digest);
  return decodeImageRoot(bytes);
}

/**
 * The placement of an image: read at once where it is not large, so that it stays the same one whoever replaces it. Throws
 * `image_not_found` when the image was removed after its root was read, `manifest_corrupt` when the placement is missing,
 * cut short or does not belong to this root.
 */
export async function openPlacementOf(
  objects: ObjectStore,
  digest: Digest,
  root: ImageRoot,
): Promise<OpenPlacement> {
  const key = imageKey(digest, 'placement');
  const whole = await readWhole(objects, digest);
  const placement = await openPlacement(
    (offset, lengthBytes) =>
      namingPart(digest, 'placement', async () =>
        whole === null
          ? objects.getRange(key, offset, lengthBytes)
          : rangeOf(whole, offset, lengthBytes),
      ),
    digest,
  );
  if (placement.pageCount === root.pages.length) return placement;
  throw new AshlarError(
    'manifest_corrupt',
    `the placement of ${digest} has ${placement.pageCount} pages, and the image ${root.pages.length}`,
    { data: { image: digest, object: key } },
  );
}

/** Null when it is too large for that. */
async function readWhole(objects: ObjectStore, digest: Digest): Promise<Buffer | null> {
  try {
    return await objects.get(imageKey(digest, 'placement'), { maxBytes: maxWholeBytes });
  } catch (error) {
    if (hasCode(error, ['object_too_large'])) return null;
    // A collection takes the root away before the other parts.
    if (hasCode(error, ['object_missing']) && !(await hasRoot(objects, digest)))
      throw imageNotFound(digest, error);
    return namingPart(digest, 'placement', () => Promise.reject(error as Error));
  }
}

async function hasRoot(objects: ObjectStore, digest: Digest): Promise<boolean> {
  return (await objects.head(imageKey(digest, 'root'))) !== null;
}

function rangeOf(bytes: Buffer, offset: number, lengthBytes: number): Buffer {
  if (offset + lengthBytes <= bytes.length) return bytes.subarray(offset, offset + lengthBytes);
  throw new AshlarError('object_truncated', `it has only ${bytes.length} bytes`);
}

/** All bytes of the placement, unchecked. Throws `manifest_corrupt` when it is missing. */
export async function readPlacementBytes(objects: ObjectStore, digest: Digest): Promise<Buffer> {
  return namingPart(digest, 'placement', () =>
    objects.get(imageKey(digest, 'placement'), { maxBytes: maxPlacementBytes }),
  );
}

async function namingPart<T>(digest: Digest, part: ImagePart, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!hasCode(error, ['object_missing', 'object_truncated', 'object_too_large'])) throw error;
    throw new AshlarError(
      'manifest_corrupt',
      `the ${part} of the image ${digest} is missing, cut short or not one`,
      { data: { image: digest, object: imageKey(digest, part) }, cause: error },
    );
  }
}

function imageNotFound(digest: Digest, cause: unknown): AshlarError {
  return new AshlarError('image_not_found', `the store has no image ${digest}`, {
    data: { image: digest },
    cause,
  });
}

function rootCorrupt(digest: Digest, cause?: unknown): AshlarError {
  return new AshlarError(
    'manifest_corrupt',
    `the root of the image ${digest} does not match its digest`,
    { data: { image: digest, object: imageKey(digest, 'root') }, cause },
  );
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof AshlarError && codes.includes(error.code);
}
