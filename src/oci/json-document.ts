import { deeperThan } from '../bytes/deeper-than.ts';

/** A place in a JSON document from outside. Every failure names it. */
export interface JsonPlace {
  readonly value: unknown;
  /** As in `layers[3].size`; empty for the whole document. */
  readonly path: string;
  readonly fail: (problem: string) => Error;
}

export interface JsonLimits {
  readonly maxBytes: number;
  /** Objects and arrays within each other. */
  readonly maxDepth: number;
  /** The failure when the bytes are no JSON document at all, or over a limit. */
  readonly malformed: (problem: string) => Error;
  /** The failure when a field is not as it must be. */
  readonly invalid: (problem: string) => Error;
}

/**
 * Parses UTF-8 JSON within limits. A value of the wrong type, a missing field and so on are found by the
 * readers below, which name the path of the field.
 */
export function parseJsonDocument(bytes: Uint8Array, limits: JsonLimits): JsonPlace {
  if (bytes.length > limits.maxBytes) {
    throw limits.malformed(`has ${bytes.length} bytes, more than the limit of ${limits.maxBytes}`);
  }
  if (deeperThan(bytes, limits.maxDepth)) {
    throw limits.malformed(`is nested more than ${limits.maxDepth} levels deep`);
  }
  return { value: parse(bytes, limits), path: '', fail: limits.invalid };
}

/** An object's field; the place exists even when the field does not (its value is then undefined). */
export function fieldOf(place: JsonPlace, name: string): JsonPlace {
  const object = objectOf(place);
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return { value, path: place.path === '' ? name : `${place.path}.${name}`, fail: place.fail };
}

/** True when a field is neither missing nor null; Go programs write null for what is empty. */
export function isPresent(place: JsonPlace): boolean {
  return place.value !== undefined && place.value !== null;
}

export function objectOf(place: JsonPlace): Readonly<Record<string, unknown>> {
  const { value } = place;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(place, 'an object');
  }
  return value as Record<string, unknown>;
}

export function itemsOf(place: JsonPlace, maxItems: number): readonly JsonPlace[] {
  const { value, path, fail } = place;
  if (!Array.isArray(value)) throw wrong(place, 'a list');
  if (value.length > maxItems) {
    throw fail(`has ${value.length} entries in ${path}, more than the limit of ${maxItems}`);
  }
  return value.map((item: unknown, index) => ({ value: item, path: `${path}[${index}]`, fail }));
}

export function stringOf(place: JsonPlace): string {
  const { value } = place;
  if (typeof value !== 'string') throw wrong(place, 'a string');
  if (value.includes('\0')) throw place.fail(`has a NUL character in ${place.path}`);
  return value;
}

export function optionalStringOf(place: JsonPlace): string | null {
  return isPresent(place) ? stringOf(place) : null;
}

export function stringListOf(place: JsonPlace, maxItems: number): readonly string[] {
  return itemsOf(place, maxItems).map(stringOf);
}

/** An object whose values are strings, such as labels and annotations; empty when it is missing. */
export function stringMapOf(place: JsonPlace): Readonly<Record<string, string>> {
  if (!isPresent(place)) return {};
  const entries = Object.keys(objectOf(place)).map((name) => {
    return [name, stringOf(fieldOf(place, name))] as const;
  });
  return Object.fromEntries(entries);
}

/** A whole number of 0 and more that a double holds exactly. */
export function countOf(place: JsonPlace): number {
  const { value } = place;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(place, 'a whole number of 0 or more');
  }
  return value;
}

function wrong(place: JsonPlace, wanted: string): Error {
  const where = place.path === '' ? 'its top level' : place.path;
  if (place.value === undefined) return place.fail(`has no ${where}, which must be ${wanted}`);
  const found = (JSON.stringify(place.value) ?? 'nothing').slice(0, 60);
  return place.fail(`has ${found} in ${where}, which must be ${wanted}`);
}

function parse(bytes: Uint8Array, limits: JsonLimits): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw limits.malformed(`is not JSON: ${error.message}`);
    if (error instanceof TypeError) throw limits.malformed('is not UTF-8 text');
    throw error;
  }
}
