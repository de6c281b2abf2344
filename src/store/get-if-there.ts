import { hasCode } from '../errors/has-code.ts';
import type { GetOptions, ObjectStore } from './object-store.ts';

/** As `get`; null where there is no such object. */
export async function getIfThere(
  store: ObjectStore,
  key: string,
  options: GetOptions = {},
): Promise<Buffer | null> {
  try {
    return await store.get(key, options);
  } catch (error) {
    if (hasCode(error, 'object_missing')) return null;
    throw error;
  }
}
