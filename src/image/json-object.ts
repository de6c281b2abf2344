import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { getIfThere } from '../store/get-if-there.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Largest of the small documents beside images: tags, steps, leases, provenance, boot traces. */
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
    if (hasCode(error, 'object_too_large') || error instanceof SyntaxError)
      throw damaged(key, error);
    throw error;
  }
}

/** Throws `invalid_request` for one that is too large to be read again. */
export async function writeJsonObject(
  objects: ObjectStore,
  key: string,
  value: object,
): Promise<void> {
  await writeDocument(objects, key, `${JSON.stringify(value)}\n`);
}

/** The same for a document that is encoded already. */
export async function writeDocument(
  objects: ObjectStore,
  key: string,
  text: string,
): Promise<void> {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxDocumentBytes) {
    await objects.replace(key, bytes);
    return;
  }
  throw new AshlarError(
    'invalid_request',
    `the document ${key} would have ${bytes.length} bytes, and ${maxDocumentBytes} are the most`,
    {
      data: { object: key, sizeBytes: bytes.length, maxBytes: maxDocumentBytes },
      hint: 'Shorten what is recorded in it: for provenance the text of the instruction or the build arguments.',
    },
  );
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
