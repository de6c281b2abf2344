import { type Digest, isDigest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { hasCode } from '../../errors/has-code.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { imageKey, tagKey, tagNameOf } from '../../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from '../json-object.ts';

/** A name for an image: `name:tag`. */
export interface Tag {
  readonly name: string;
  readonly image: Digest;
  /** When the tag was last set, as RFC 3339. */
  readonly updated: string;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const host = `${label}(?:\\.${label})*(?::[0-9]+)?`;
const tagPattern = new RegExp(
  `^((?:${host}/)?${component}(?:/${component})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$`,
);
const maxNameBytes = 200;
/** Of the name in an object's key, where each slash and colon takes three: file names end at 255. */
const maxEncodedBytes = 240;
const minPrefixDigits = 8;

/**
 * The full form of a name, `latest` where no tag is given. Names follow the grammar of the OCI distribution specification,
 * with a host in front if wanted; `blake3` alone is kept for digests. Throws `reference_invalid`.
 */
export function normalizeTagName(text: string): string {
  const name = fullName(text);
  if (name !== null) return name;
  const shown = text.slice(0, 250);
  throw new AshlarError('reference_invalid', `not a name for an image: ${JSON.stringify(shown)}`, {
    data: { reference: shown },
    hint: `${lowerCaseHint(text)}Write name:tag, the name in lower-case letters, digits and . _ - /, for example team/app:v1, in at most ${maxNameBytes} bytes.`,
  });
}

/** The text with its name in lower case, where that would do; tags may have upper case. */
function lowerCaseHint(text: string): string {
  const lower = text.replace(/^[^:]*/, (name) => name.toLowerCase());
  return lower !== text && fullName(lower) !== null ? `Is ${lower} meant? ` : '';
}

export interface TagSetting {
  /** Where it has no tag, `latest` is meant. */
  readonly name: string;
  readonly image: Digest;
  readonly nowMs: number;
}

/** Names an image that is in the store; throws `image_not_found` when it is not. */
export async function setTag(
  objects: ObjectStore,
  { name, image, nowMs }: TagSetting,
): Promise<Tag> {
  const tag = { name: normalizeTagName(name), image, updated: new Date(nowMs).toISOString() };
  const isThere = async (): Promise<boolean> =>
    (await objects.head(imageKey(image, 'root'))) !== null;
  if (!(await isThere())) throw notFound(image);
  await writeJsonObject(objects, tagKey(tag.name), tag);
  // Asked again: a collection that sees the tag keeps the image, and one that did not has removed it by now.
  if (await isThere()) return tag;
  await objects.delete(tagKey(tag.name));
  throw notFound(image);
}

/** The tag of this name, or null; a name that cannot be one is none. */
export async function findTag(objects: ObjectStore, name: string): Promise<Tag | null> {
  const full = fullName(name);
  return full === null ? null : readTag(objects, tagKey(full));
}

/** All tags by name; throws `manifest_corrupt` or `object_not_a_file` at one that is damaged. */
export async function* listTags(objects: ObjectStore): AsyncIterable<Tag> {
  for await (const tag of listTagRecords(objects)) {
    if ('damage' in tag) throw tag.damage;
    yield tag;
  }
}

/** A tag that cannot be read: which image it named is not known. */
export interface DamagedTag {
  readonly name: string;
  readonly damage: AshlarError;
}

/** All tags by name, with those that are damaged. */
export async function* listTagRecords(objects: ObjectStore): AsyncIterable<Tag | DamagedTag> {
  for await (const { key } of objects.list('tags/')) {
    const name = tagNameOf(key);
    if (name === null) continue;
    try {
      const tag = await readTag(objects, key);
      if (tag !== null) yield tag;
    } catch (error) {
      if (!hasCode(error, 'manifest_corrupt', 'object_not_a_file')) throw error;
      yield { name, damage: error };
    }
  }
}

/**
 * Removes a tag, a damaged one too; tells whether it was there. The image stays until a collection finds it unused.
 */
export async function removeTag(objects: ObjectStore, name: string): Promise<boolean> {
  const full = fullName(name);
  if (full === null) return false;
  const key = tagKey(full);
  if ((await objects.head(key)) === null) return false;
  await objects.delete(key);
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

/** Null for a text that is no name. */
function fullName(text: string): string | null {
  const match = text.length > maxNameBytes ? null : tagPattern.exec(text);
  if (match?.[1] === undefined || match[1] === 'blake3') return null;
  const name = `${match[1]}:${match[2] ?? 'latest'}`;
  return encodeURIComponent(name).length > maxEncodedBytes ? null : name;
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
  const hint = notFoundHint(reference);
  return new AshlarError('image_not_found', `the store has no image ${shown}`, {
    data: { reference: shown },
    ...(hint === null ? {} : { hint }),
  });
}

/** Null where there is nothing better to say than what is always said. */
function notFoundHint(reference: string): string | null {
  const lower = lowerCaseHint(reference);
  if (lower !== '') return `${lower}\`ashlar image ls\` lists the images.`;
  return /^(blake3:)?[0-9a-f]{1,7}$/.test(reference)
    ? `A digest is named by its first ${minPrefixDigits} digits or more; \`ashlar image ls\` lists the images.`
    : null;
}
