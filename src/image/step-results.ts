import { type Digest, isDigest } from '../digest/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey, stepKey } from '../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from './json-object.ts';

/**
 * What a step gave before: an image, by a key over everything that the result depends on. Shared with all who use the
 * store.
 */
export interface StepResults {
  /** The image, when the step is known and its image still exists. */
  find(key: Digest): Promise<Digest | null>;
  record(key: Digest, image: Digest): Promise<void>;
}

export function createStepResults(objects: ObjectStore, nowMs: () => number): StepResults {
  return {
    async find(key) {
      const image = (await readJsonObject(objects, stepKey(key)))?.['image'];
      if (typeof image !== 'string' || !isDigest(image)) return null;
      return (await objects.head(imageKey(image, 'root'))) === null ? null : image;
    },
    async record(key, image) {
      await writeJsonObject(objects, stepKey(key), {
        image,
        recorded: new Date(nowMs()).toISOString(),
      });
    },
  };
}
