import { AshlarError } from '../errors/ashlar-error.ts';
import { getIfThere } from '../store/get-if-there.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Largest of the small documents beside images: tags, steps, leases, provenance. */
const maxDocumentBytes = 1024 * 1024;

/** Reads a small JSON object; null where there is none. Throws `manifest_corrupt` when it is not a JSON object, or too large for one. */
export async function readJsonObject(
  objects: ObjectStore,
  key: string,
): Promise<Record<string, unknown> | null> {
  try {
    const bytes = await getIfThere(objects, key, { maxBytes: maxDocumentBytes });
    if (bytes === null) return null;
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw damaged(key, undefined);
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'object_too_large')
      throw damaged(key, error);
    if (error instanceof SyntaxError) throw damaged(key, error);
    throw error;
  }
}

export async function writeJsonObject(
  objects: ObjectStore,
  key: string,
  value: object,
): Promise<void> {
  await objects.replace(key, Buffer.from(`${JSON.stringify(value)}\n`, 'utf8'));
}

function damaged(key: string, cause: unknown): AshlarError {
  return new AshlarError(
    'manifest_corrupt',
    `the object ${key} is not the JSON document that it should be`,
    {
      data: { object: key },
      cause,
    },
  );
}
