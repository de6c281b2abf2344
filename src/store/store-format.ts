import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ObjectStore } from './object-store.ts';
import { digestInKey } from './store-paths.ts';

/** What a store is for: images, which are kept; or what was fetched and can be fetched again. */
export type StoreKind = 'images' | 'cache';

/** At the top of every store: `{"format":"ashlar-store","version":1}` and a line feed. */
const formatNames: Readonly<Record<StoreKind, string>> = {
  images: 'ashlar-store',
  cache: 'ashlar-cache',
};
const storeFormatVersion = 1;
const maxFormatBytes = 4096;

/** A store, and what it should be. */
interface Expected {
  readonly store: StoreDriver;
  readonly name: string;
  readonly key: string;
}

/** `if-missing` makes a store where there is nothing yet; `never` reports `store_missing` then. */
export type CreateStore = 'if-missing' | 'never';

/** A store that can say whether there is anything in its place, its own objects or not. */
export interface StoreDriver extends ObjectStore {
  anyName(): Promise<string | undefined>;
}

/**
 * Makes sure that `store` holds a store of this format, and writes the format object where it is new. Throws
 * `store_newer_format` for a later version, `store_format_missing` for images without a format object, and
 * `store_url_invalid` for a place that holds other things, or whose writes are not conditional.
 */
export async function ensureStoreFormat(
  store: StoreDriver,
  { create, kind }: { readonly create: CreateStore; readonly kind: StoreKind },
): Promise<void> {
  const name = formatNames[kind];
  const expected = { store, name, key: `${name}.json` };
  if (await checkFormat(expected)) return;
  const found = await store.anyName();
  if (found !== undefined) {
    // Another process may have made the store between the two questions.
    if (await checkFormat(expected)) return;
    if (kind === 'images' && (await holdsImages(store))) throw formatLost(expected);
    throw notOurs(store, `it holds ${JSON.stringify(found)} and no ${expected.key}`);
  }
  if (create === 'never') throw storeMissing(store.url);
  await writeFormat(expected);
  if (!(await checkFormat(expected))) throw notOurs(store, `${expected.key} does not stay there`);
}

export function storeMissing(url: string): AshlarError {
  return new AshlarError('store_missing', `there is no store at ${url} yet`, { data: { url } });
}

function formatText({ name }: Expected): string {
  return JSON.stringify({ format: name, version: storeFormatVersion });
}

async function writeFormat(expected: Expected): Promise<void> {
  const { store, key } = expected;
  const bytes = Buffer.from(`${formatText(expected)}\n`);
  if ((await store.put(key, bytes)) === 'exists') return;
  if ((await store.put(key, bytes)) === 'exists') return;
  await store.delete(key);
  throw new AshlarError(
    'store_url_invalid',
    `${store.url} overwrites what it was told to write only if absent`,
    { data: { url: store.url }, hint: 'Use a server that honours If-None-Match on PUT.' },
  );
}

/** False when there is no format object. */
async function checkFormat(expected: Expected): Promise<boolean> {
  const { store, key, name } = expected;
  const text = await readFormat(expected);
  if (text === null) return false;
  const version = versionOf(text, name);
  if (version === null) throw notOurs(store, `its ${key} was not written by Ashlar`);
  if (version > storeFormatVersion) {
    throw new AshlarError(
      'store_newer_format',
      `the store at ${store.url} has format ${version}, and this Ashlar knows formats up to ${storeFormatVersion}`,
      { data: { url: store.url, version, knownVersion: storeFormatVersion } },
    );
  }
  return true;
}

async function readFormat({ store, key }: Expected): Promise<string | null> {
  try {
    const bytes = await store.get(key, { maxBytes: maxFormatBytes });
    return bytes.toString('utf8');
  } catch (error) {
    if (hasCode(error, 'object_missing')) return null;
    if (hasCode(error, 'object_too_large', 'object_not_a_file')) {
      throw notOurs(store, `its ${key} was not written by Ashlar`, error);
    }
    throw error;
  }
}

/** The version that the text names, or null when it is something else. */
function versionOf(text: string, name: string): number | null {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return null;
  if (!('format' in value) || value.format !== name || !('version' in value)) return null;
  const { version } = value;
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1
    ? version
    : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** True when there are images, as only Ashlar names them. */
async function holdsImages(store: StoreDriver): Promise<boolean> {
  for await (const { key } of store.list('images/')) if (digestInKey(key) !== null) return true;
  return false;
}

/** Written back by hand alone: what is there may be of a later format. */
function formatLost(expected: Expected): AshlarError {
  const { store, key } = expected;
  return new AshlarError(
    'store_format_missing',
    `the store at ${store.url} has images, but its ${key} is lost`,
    {
      data: { url: store.url },
      hint: `If no newer Ashlar wrote to the store, write the object ${key} back; its text is ${formatText(expected)}`,
    },
  );
}

function notOurs(store: StoreDriver, why: string, cause?: unknown): AshlarError {
  return new AshlarError('store_url_invalid', `${store.url} is not an Ashlar store: ${why}`, {
    data: { url: store.url },
    cause,
    hint: 'Name an empty or missing place with --store or ASHLAR_STORE, or the store that was meant.',
  });
}
