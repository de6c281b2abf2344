import { AshlarError } from '../errors/ashlar-error.ts';
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
    if (error instanceof AshlarError && error.code === 'object_missing') return null;
    throw error;
  }
}
