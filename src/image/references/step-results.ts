import { type Digest, isDigest } from '../../digest/digest.ts';
import { hasCode } from '../../errors/has-code.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { imageKey, stepKey } from '../../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from '../json-object.ts';

/**
 * What a step gave before: an image, by a key over everything that the result depends on. Shared with all who use the
 * store.
 */
export interface StepResults {
  /**
   * The image, when the step is known and its image still exists. Being found keeps a result from the collection for
   * longer: it counts as recorded anew, once a day.
   */
  find(key: Digest): Promise<Digest | null>;
  record(key: Digest, image: Digest): Promise<void>;
}

const renewAfterMs = 24 * 3600_000;

export function createStepResults(objects: ObjectStore, nowMs: () => number): StepResults {
  const record = async (key: Digest, image: Digest): Promise<void> => {
    await writeJsonObject(objects, stepKey(key), {
      image,
      recorded: new Date(nowMs()).toISOString(),
    });
  };
  return {
    async find(key) {
      const { image, recorded } = (await readUnlessDamaged(objects, stepKey(key))) ?? {};
      if (typeof image !== 'string' || !isDigest(image)) return null;
      if ((await objects.head(imageKey(image, 'root'))) === null) return null;
      const isFresh = nowMs() - Date.parse(String(recorded)) < renewAfterMs;
      if (!isFresh) await unlessUnwritable(() => record(key, image));
      return image;
    },
    record,
  };
}

/** A result that cannot be read is one that is not known. */
async function readUnlessDamaged(
  objects: ObjectStore,
  key: string,
): Promise<Record<string, unknown> | null> {
  try {
    return await readJsonObject(objects, key);
  } catch (error) {
    if (hasCode(error, 'manifest_corrupt')) return null;
    throw error;
  }
}

async function unlessUnwritable(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!hasCode(error, 'store_read_only', 'store_full')) throw error;
  }
}
