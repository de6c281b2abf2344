import { type Digest, isDigest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey, tagKey, tagNameOf } from '../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from './json-object.ts';

/** A name for an image: `name:tag`. */
export interface Tag {
  readonly name: string;
  readonly image: Digest;
  /** When the tag was last set, as RFC 3339. */
  readonly updated: string;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const tagPattern = new RegExp(
  `^((?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?${component}(?:/${component})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$`,
);
const maxNameBytes = 200;
const minPrefixDigits = 8;

/**
 * The full form of a name, `latest` where no tag is given. Names follow the grammar of the OCI distribution specification,
 * with a host in front if wanted. Throws `reference_invalid`.
 */
export function normalizeTagName(text: string): string {
  const match = tagPattern.exec(text);
  if (match?.[1] === undefined || text.length > maxNameBytes) {
    throw new AshlarError(
      'reference_invalid',
      `not a name for an image: ${JSON.stringify(text.slice(0, 250))}`,
      {
        data: { reference: text.slice(0, 250) },
        hint: 'Write name:tag in lower-case letters, digits and . _ - /, for example team/app:v1.',
      },
    );
  }
  return `${match[1]}:${match[2] ?? 'latest'}`;
}

export async function setTag(
  objects: ObjectStore,
  name: string,
  image: Digest,
  nowMs: number,
): Promise<Tag> {
  const tag = { name: normalizeTagName(name), image, updated: new Date(nowMs).toISOString() };
  await writeJsonObject(objects, tagKey(tag.name), tag);
  return tag;
}

/** The tag of this name, or null; a name that cannot be one is none. */
export async function findTag(objects: ObjectStore, name: string): Promise<Tag | null> {
  if (!tagPattern.test(name)) return null;
  return readTag(objects, tagKey(normalizeTagName(name)));
}

export async function* listTags(objects: ObjectStore): AsyncIterable<Tag> {
  for await (const { key } of objects.list('tags/')) {
    const tag = tagNameOf(key) === null ? null : await readTag(objects, key);
    if (tag !== null) yield tag;
  }
}

/** Removes a tag; tells whether it was there. The image stays until a collection finds it unused. */
export async function removeTag(objects: ObjectStore, name: string): Promise<boolean> {
  if ((await findTag(objects, name)) === null) return false;
  await objects.delete(tagKey(normalizeTagName(name)));
  return true;
}

/**
 * The image that `reference` names: a tag, a digest, or the first eight or more hex digits of one. Throws
 * `image_not_found`, and `reference_invalid` when several images begin with these digits.
 */
export async function resolveImage(objects: ObjectStore, reference: string): Promise<Digest> {
  if (isDigest(reference)) {
    if ((await objects.head(imageKey(reference, 'root'))) !== null) return reference;
    throw notFound(reference);
  }
  const tag = await findTag(objects, reference);
  if (tag !== null) return tag.image;
  const digits = reference.replace(/^blake3:/, '');
  if (new RegExp(`^[0-9a-f]{${minPrefixDigits},63}$`).test(digits))
    return resolvePrefix(objects, digits);
  throw notFound(reference);
}

async function resolvePrefix(objects: ObjectStore, digits: string): Promise<Digest> {
  const found: Digest[] = [];
  for await (const { key } of objects.list(`images/${digits}`)) {
    const digest = `blake3:${key.slice('images/'.length, -'.root'.length)}`;
    if (key.endsWith('.root') && isDigest(digest)) found.push(digest);
  }
  const [first] = found;
  if (first === undefined) throw notFound(digits);
  if (found.length === 1) return first;
  throw new AshlarError('reference_invalid', `${found.length} images begin with ${digits}`, {
    data: { images: found },
    hint: 'Give more digits.',
  });
}

async function readTag(objects: ObjectStore, key: string): Promise<Tag | null> {
  const document = await readJsonObject(objects, key);
  if (document === null) return null;
  const { name, image, updated } = document;
  if (
    typeof name === 'string' &&
    typeof image === 'string' &&
    isDigest(image) &&
    typeof updated === 'string'
  ) {
    return { name, image, updated };
  }
  throw new AshlarError('manifest_corrupt', `the tag ${key} is damaged`, {
    data: { object: key },
    hint: 'Set the tag again by building or importing the image.',
  });
}

function notFound(reference: string): AshlarError {
  const shown = reference.slice(0, 250);
  return new AshlarError('image_not_found', `the store has no image ${shown}`, {
    data: { reference: shown },
  });
}
