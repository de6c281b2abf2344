import type { Digest } from '../digest/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey } from '../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from './json-object.ts';

/** 6 GiB of first reads. With indexes of nine digits, which the largest disk has, that is just below 1 MiB of JSON. */
export const maxTracedChunks = 100_000;

/**
 * Keeps which chunks of an image a boot read, in the order of their first read: what a host should have first. Of more than
 * `maxTracedChunks` the later ones are left out.
 */
export async function recordBootTrace(
  objects: ObjectStore,
  image: Digest,
  chunks: readonly number[],
): Promise<void> {
  await writeJsonObject(objects, imageKey(image, 'boot'), {
    chunks: chunks.slice(0, maxTracedChunks),
  });
}

/** The recorded trace; null where the image was never booted for a check. */
export async function readBootTrace(
  objects: ObjectStore,
  image: Digest,
): Promise<readonly number[] | null> {
  const chunks = (await readJsonObject(objects, imageKey(image, 'boot')))?.['chunks'];
  return Array.isArray(chunks) ? chunks.filter((chunk) => Number.isSafeInteger(chunk)) : null;
}
