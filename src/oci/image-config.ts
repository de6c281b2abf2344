import { corruptFailure, invalidImage, type Origin } from './origin.ts';
import {
  countOf,
  fieldOf,
  isPresent,
  itemsOf,
  objectOf,
  optionalStringOf,
  parseJsonDocument,
  stringListOf,
  stringMapOf,
  stringOf,
  type JsonPlace,
} from './json-document.ts';
import { maxLayers } from './manifest.ts';
import { digestProblem, isOciDigest, type OciDigest } from './oci-digest.ts';
import { normalisePlatform, type Platform } from './platform.ts';

/**
 * An image's configuration, spelled as the format spells it (OCI image-spec 1.1, config.md; `Shell`, `OnBuild`
 * and `Healthcheck` are Docker's). Fields that are missing, null or empty in the document are absent here;
 * unknown ones are dropped.
 */
export interface OciImageConfig {
  /** Empty in some hand-made images. */
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config: OciRunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly OciDigest[] };
  readonly history: readonly OciHistoryEntry[];
}

export interface OciRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  /** `NAME=value`; never a NUL. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
  readonly Healthcheck?: OciHealthcheck;
}

export interface OciHealthcheck {
  readonly Test: readonly string[];
  /** Nanoseconds, as the other three. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface OciHistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  /** True when the step changed no file and has no layer. */
  readonly empty_layer?: boolean;
}

/** c/image and containerd read no larger configuration either. */
export const maxConfigBytes = 4 * 1024 * 1024;
const maxListItems = 100_000;
const maxJsonDepth = 32;

/**
 * Reads an image configuration strictly. Throws the origin's `..._corrupt` code for what is no JSON, and
 * `image_invalid`, naming the field, for JSON that is no image configuration.
 */
export function parseImageConfig(bytes: Uint8Array, origin: Origin): OciImageConfig {
  const root = parseJsonDocument(bytes, {
    maxBytes: maxConfigBytes,
    maxDepth: maxJsonDepth,
    malformed: (problem) => corruptFailure(origin, `the image configuration ${problem}`),
    invalid: (problem) => invalidImage(origin, `the image configuration ${problem}`),
  });
  return {
    architecture: optionalStringOf(fieldOf(root, 'architecture')) ?? '',
    os: optionalStringOf(fieldOf(root, 'os')) ?? '',
    ...textFields(root, ['variant', 'created', 'author']),
    config: runConfigOf(fieldOf(root, 'config')),
    rootfs: { type: 'layers', diff_ids: diffIdsOf(fieldOf(root, 'rootfs')) },
    history: historyOf(fieldOf(root, 'history')),
  };
}

/** What the configuration says the image runs on; null where it does not say. */
export function platformOfConfig(config: OciImageConfig): Platform | null {
  if (config.os === '' || config.architecture === '') return null;
  const { os, architecture, variant = null } = config;
  return normalisePlatform({ os, architecture, variant });
}

function diffIdsOf(rootfs: JsonPlace): readonly OciDigest[] {
  const type = stringOf(fieldOf(rootfs, 'type'));
  if (type !== 'layers') throw rootfs.fail(`has the rootfs type ${JSON.stringify(type)}`);
  const list = fieldOf(rootfs, 'diff_ids');
  if (!isPresent(list)) return [];
  return itemsOf(list, maxLayers).map((place) => {
    const digest = stringOf(place);
    if (isOciDigest(digest)) return digest;
    throw place.fail(`has a wrong digest in ${place.path}: ${digestProblem(digest)}`);
  });
}

function runConfigOf(place: JsonPlace): OciRunConfig {
  if (!isPresent(place)) return {};
  return {
    ...textFields(place, ['User', 'WorkingDir', 'StopSignal']),
    ...present('ExposedPorts', keySetOf(fieldOf(place, 'ExposedPorts'))),
    ...present('Volumes', keySetOf(fieldOf(place, 'Volumes'))),
    ...present('Labels', nonEmptyMap(stringMapOf(fieldOf(place, 'Labels')))),
    ...present('Env', wordsOf(fieldOf(place, 'Env'))),
    ...present('Entrypoint', wordsOf(fieldOf(place, 'Entrypoint'))),
    ...present('Cmd', wordsOf(fieldOf(place, 'Cmd'))),
    ...present('Shell', wordsOf(fieldOf(place, 'Shell'))),
    ...present('OnBuild', wordsOf(fieldOf(place, 'OnBuild'))),
    ...present('Healthcheck', healthcheckOf(fieldOf(place, 'Healthcheck'))),
  };
}

function historyOf(place: JsonPlace): readonly OciHistoryEntry[] {
  if (!isPresent(place)) return [];
  return itemsOf(place, maxListItems).map((entry) => ({
    ...textFields(entry, ['created', 'created_by', 'author', 'comment']),
    ...(fieldOf(entry, 'empty_layer').value === true ? { empty_layer: true } : {}),
  }));
}

function healthcheckOf(place: JsonPlace): OciHealthcheck | undefined {
  if (!isPresent(place)) return undefined;
  const numbers = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'].flatMap(
    (name) => {
      const field = fieldOf(place, name);
      return isPresent(field) ? [[name, countOf(field)] as const] : [];
    },
  );
  return { Test: wordsOf(fieldOf(place, 'Test')) ?? [], ...Object.fromEntries(numbers) };
}

/** Docker's StrSlice: a list of strings, or in old images one string. */
function wordsOf(place: JsonPlace): readonly string[] | undefined {
  if (!isPresent(place)) return undefined;
  if (typeof place.value === 'string') return [stringOf(place)];
  const words = stringListOf(place, maxListItems);
  return words.length === 0 ? undefined : words;
}

function keySetOf(place: JsonPlace): Readonly<Record<string, object>> | undefined {
  if (!isPresent(place)) return undefined;
  const names = Object.keys(objectOf(place));
  if (names.some((name) => name.includes('\0'))) {
    throw place.fail(`has a NUL character in ${place.path}`);
  }
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}

function nonEmptyMap(
  map: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

function textFields<Name extends string>(
  place: JsonPlace,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = optionalStringOf(fieldOf(place, name));
    if (text !== null && text !== '') found[name] = text;
  }
  return found;
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  const found: Partial<Record<Name, Value>> = {};
  if (value !== undefined) found[name] = value;
  return found;
}
