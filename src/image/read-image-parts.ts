import { setTimeout } from 'node:timers/promises';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey, type ImagePart } from '../store/store-paths.ts';
import { decodeImageRoot, type ImageRoot, maxRootBytes } from './image-root.ts';
import { openPlacement, type OpenPlacement, type ReadPlacement } from './placement.ts';

/** Eight bytes a chunk: a full disk of 1 TiB has a placement of 130 MB. */
const maxPlacementBytes = 512 * 1024 * 1024;

/** A placement of this size is for 30 GiB; larger ones are read page by page. */
const maxWholeBytes = 4 * 1024 * 1024;

/** How often one that is replaced again and again is opened. */
const maxOpens = 4;

/** The root of an image, held against its digest. Throws `image_not_found`, `manifest_corrupt`, `store_newer_format`. */
export async function readRoot(objects: ObjectStore, digest: Digest): Promise<ImageRoot> {
  const key = imageKey(digest, 'root');
  const bytes = await objects.get(key, { maxBytes: maxRootBytes }).catch((error: unknown) => {
    if (hasCode(error, 'object_missing')) throw imageNotFound(digest, error);
    if (hasCode(error, 'object_too_large')) throw rootCorrupt(digest, error);
    throw error;
  });
  if (digestOf(bytes) !== digest) throw rootCorrupt(digest);
  return decodeImageRoot(bytes);
}

/**
 * The placement of an image: read at once where it is not large, so that it stays the same one whoever replaces it. One
 * that is replaced while its parts are read is opened anew, a few times. Throws `image_not_found` when the image was
 * removed after its root was read, `manifest_corrupt` when the placement is missing, cut short or does not belong to this
 * root.
 */
export async function openPlacementOf(
  objects: ObjectStore,
  digest: Digest,
  root: ImageRoot,
): Promise<OpenPlacement> {
  const key = imageKey(digest, 'placement');
  const whole = await readWhole(objects, digest);
  if (whole !== null) return openWhole(whole, digest, root);
  for (let left = maxOpens - 1; ; left -= 1) {
    try {
      const read: ReadPlacement = (offset, lengthBytes) =>
        namingPart(digest, 'placement', () => objects.getRange(key, offset, lengthBytes));
      return checkPages(await openPlacement(read, digest), digest, root);
    } catch (error) {
      if (left === 0 || !hasCode(error, 'manifest_corrupt')) throw error;
    }
  }
}

/**
 * All bytes of the placement of an image, once it is known that it belongs to this root and every record in it names a
 * pack. Throws as `openPlacementOf`.
 */
export async function readWholePlacement(
  objects: ObjectStore,
  digest: Digest,
  root: ImageRoot,
): Promise<{ bytes: Buffer; packs: readonly Digest[] }> {
  const bytes = await namingPart(digest, 'placement', () =>
    objects.get(imageKey(digest, 'placement'), { maxBytes: maxPlacementBytes }),
  );
  const { packs, pageCount, readPages } = await openWhole(bytes, digest, root);
  for (let page = 0; page < pageCount; page += 1) await readPages(page, 1);
  return { bytes, packs };
}

async function openWhole(bytes: Buffer, digest: Digest, root: ImageRoot): Promise<OpenPlacement> {
  const read: ReadPlacement = (offset, lengthBytes) =>
    namingPart(digest, 'placement', async () => rangeOf(bytes, offset, lengthBytes));
  return checkPages(await openPlacement(read, digest), digest, root);
}

function checkPages(placement: OpenPlacement, digest: Digest, root: ImageRoot): OpenPlacement {
  if (placement.pageCount === root.pages.length) return placement;
  throw new AshlarError(
    'manifest_corrupt',
    `the placement of ${digest} has ${placement.pageCount} pages, and the image ${root.pages.length}`,
    { data: { image: digest, object: imageKey(digest, 'placement') } },
  );
}

/**
 * A collection that removes an image takes the root away first. One that finds it published again meanwhile puts the
 * other parts back: for a moment the root is there without them.
 */
const absence = { looks: 5, pauseMs: 50 } as const;

/** Null when it is too large for that. */
async function readWhole(objects: ObjectStore, digest: Digest): Promise<Buffer | null> {
  for (let look = 1; ; look += 1) {
    try {
      return await objects.get(imageKey(digest, 'placement'), { maxBytes: maxWholeBytes });
    } catch (error) {
      if (hasCode(error, 'object_too_large')) return null;
      const isMissing = hasCode(error, 'object_missing');
      if (isMissing && !(await hasRoot(objects, digest))) throw imageNotFound(digest, error);
      if (!isMissing || look === absence.looks)
        return namingPart(digest, 'placement', () => Promise.reject(error as Error));
      await setTimeout(absence.pauseMs);
    }
  }
}

async function hasRoot(objects: ObjectStore, digest: Digest): Promise<boolean> {
  return (await objects.head(imageKey(digest, 'root'))) !== null;
}

function rangeOf(bytes: Buffer, offset: number, lengthBytes: number): Buffer {
  if (offset + lengthBytes <= bytes.length) return bytes.subarray(offset, offset + lengthBytes);
  throw new AshlarError('object_truncated', `it has only ${bytes.length} bytes`);
}

async function namingPart<T>(digest: Digest, part: ImagePart, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!hasCode(error, 'object_missing', 'object_truncated', 'object_too_large')) throw error;
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
