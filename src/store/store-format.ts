import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ObjectStore } from './object-store.ts';
import { digestInKey } from './store-paths.ts';

/** At the top of every store: `{"format":"ashlar-store","version":1}` and a line feed. */
const storeFormatKey = 'ashlar-store.json';
const storeFormatVersion = 1;

const formatName = 'ashlar-store';
const formatText = JSON.stringify({ format: formatName, version: storeFormatVersion });
const maxFormatBytes = 4096;

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
export async function ensureStoreFormat(store: StoreDriver, create: CreateStore): Promise<void> {
  if (await checkFormat(store)) return;
  const name = await store.anyName();
  if (name !== undefined) {
    // Another process may have made the store between the two questions.
    if (await checkFormat(store)) return;
    if (await holdsImages(store)) throw formatLost(store);
    throw notOurs(store, `it holds ${JSON.stringify(name)} and no ${storeFormatKey}`);
  }
  if (create === 'never') throw storeMissing(store.url);
  await writeFormat(store);
  if (!(await checkFormat(store))) throw notOurs(store, `${storeFormatKey} does not stay there`);
}

export function storeMissing(url: string): AshlarError {
  return new AshlarError('store_missing', `there is no store at ${url} yet`, { data: { url } });
}

async function writeFormat(store: StoreDriver): Promise<void> {
  const bytes = Buffer.from(`${formatText}\n`);
  if ((await store.put(storeFormatKey, bytes)) === 'exists') return;
  if ((await store.put(storeFormatKey, bytes)) === 'exists') return;
  await store.delete(storeFormatKey);
  throw new AshlarError(
    'store_url_invalid',
    `${store.url} overwrites what it was told to write only if absent`,
    { data: { url: store.url }, hint: 'Use a server that honours If-None-Match on PUT.' },
  );
}

/** False when there is no format object. */
async function checkFormat(store: StoreDriver): Promise<boolean> {
  const text = await readFormat(store);
  if (text === null) return false;
  const version = versionOf(text);
  if (version === null) throw notOurs(store, `its ${storeFormatKey} was not written by Ashlar`);
  if (version > storeFormatVersion) {
    throw new AshlarError(
      'store_newer_format',
      `the store at ${store.url} has format ${version}, and this Ashlar knows formats up to ${storeFormatVersion}`,
      { data: { url: store.url, version, knownVersion: storeFormatVersion } },
    );
  }
  return true;
}

async function readFormat(store: StoreDriver): Promise<string | null> {
  try {
    const bytes = await store.get(storeFormatKey, { maxBytes: maxFormatBytes });
    return bytes.toString('utf8');
  } catch (error) {
    if (hasCode(error, 'object_missing')) return null;
    if (hasCode(error, 'object_too_large', 'object_not_a_file')) {
      throw notOurs(store, `its ${storeFormatKey} was not written by Ashlar`, error);
    }
    throw error;
  }
}

/** The version that the text names, or null when it is something else. */
function versionOf(text: string): number | null {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return null;
  if (!('format' in value) || value.format !== formatName || !('version' in value)) return null;
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
function formatLost(store: StoreDriver): AshlarError {
  return new AshlarError(
    'store_format_missing',
    `the store at ${store.url} has images, but its ${storeFormatKey} is lost`,
    {
      data: { url: store.url },
      hint: `If no newer Ashlar wrote to the store, write the object ${storeFormatKey} back; its text is ${formatText}`,
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
