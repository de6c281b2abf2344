import { isMap, isScalar, parseDocument, visit } from 'yaml';

/** How a settings file is written. */
export type SettingsFormat = 'npmrc' | 'yarnrc' | 'yaml' | 'bunfig' | 'environment';

/** Where a setting's value stands in a text, quotes and all, and what it says. */
export interface FoundSetting {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** The text cannot be read, or says it in a way that is not safe to change; `reason` is to be put behind its name. */
export interface UnclearSetting {
  readonly reason: string;
}

/** Finds a setting that names a file of certificates; null where the text does not have it. */
export function findSetting(
  format: SettingsFormat,
  text: string,
  key: string,
): FoundSetting | UnclearSetting | null {
  switch (format) {
    case 'npmrc':
      return findInNpmrc(text, key);
    case 'yarnrc':
      return findInLines(text, new RegExp(String.raw`^[ \t]*"?${key}"?[ \t]+`));
    case 'environment':
      return findInEnvironment(text, key);
    case 'bunfig':
      return findInBunfig(text, key);
    case 'yaml':
      return findInYaml(text, key);
  }
}

/** A value that is written into a file of this format. */
export function quoteValue(format: SettingsFormat, value: string): string {
  return format === 'yaml' || format === 'bunfig' || format === 'yarnrc'
    ? JSON.stringify(value)
    : value;
}

/** npm's files are read by its package ini: the last of equal keys counts, sections hold nothing for npm. */
function findInNpmrc(text: string, key: string): FoundSetting | UnclearSetting | null {
  if (/^[ \t]*ca(\[\])?[ \t]*=[ \t]*[^ \t\r\n]/m.test(text))
    return { reason: 'has certificates in the setting `ca`, which replaces all others' };
  const own = text.split(/^[ \t]*\[[^\]\n]+\][ \t]*\r?$/m, 1)[0] ?? '';
  return findInLines(own, new RegExp(String.raw`^[ \t]*${key}[ \t]*=[ \t]*`));
}

/** environment(5) of pam_env, environment.d(5), and shell scripts that do nothing but assign a path. */
function findInEnvironment(text: string, key: string): FoundSetting | UnclearSetting | null {
  const mentions = text.split('\n').filter((line) => line.includes(key) && !/^\s*#/.test(line));
  const assignment = new RegExp(String.raw`^(?:export[ \t]+)?${key}=`);
  if (!mentions.every((line) => assignment.test(line) && !/[;&|]/.test(line)))
    return { reason: `uses ${key} in a way that is not a plain assignment` };
  return findInLines(text, assignment);
}

/** Bun's file is TOML; what is looked for is one line in the table `install`. */
function findInBunfig(text: string, key: string): FoundSetting | UnclearSetting | null {
  if (/"""|'''/.test(text) || /^[ \t]*install[ \t]*=/m.test(text))
    return { reason: 'is written in a way that is not understood here' };
  const dotted = findInLines(
    text,
    new RegExp(String.raw`^[ \t]*install[ \t]*\.[ \t]*${key}[ \t]*=[ \t]*`),
  );
  if (dotted !== null) return dotted;
  const header = /^[ \t]*\[[ \t]*install[ \t]*\][ \t]*(?:#.*)?$/m.exec(text);
  if (header === null) return null;
  const from = header.index + header[0].length;
  const length = text.slice(from).search(/^[ \t]*\[[^=\n]*\][ \t]*(?:#.*)?$/m);
  const table = length === -1 ? text.slice(from) : text.slice(from, from + length);
  if (/^[ \t]*ca[ \t]*=/m.test(table))
    return { reason: 'has certificates in the setting `ca`, which replaces all others' };
  const found = findInLines(table, new RegExp(String.raw`^[ \t]*${key}[ \t]*=[ \t]*`));
  if (found === null || 'reason' in found) return found;
  return { ...found, start: found.start + from, end: found.end + from };
}

function findInYaml(text: string, key: string): FoundSetting | UnclearSetting | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { reason: 'is not valid YAML' };
  if (document.contents === null) return null;
  if (!isMap(document.contents)) return { reason: 'is not a mapping' };
  let isNested = false;
  visit(document, {
    Pair(_key, pair, path) {
      if (path.length > 2 && isScalar(pair.key) && pair.key.value === key) isNested = true;
    },
  });
  if (isNested) return { reason: `sets ${key} for single hosts` };
  const value = document.contents.get(key, true);
  if (value === undefined) return null;
  if (
    !isScalar(value) ||
    typeof value.value !== 'string' ||
    !value.range ||
    value.anchor !== undefined
  )
    return { reason: `has a value for ${key} that is not plain text` };
  return { start: value.range[0], end: value.range[1], value: value.value };
}

/** The value that follows `lead` in the last line that has it: bare, or in quotes of either kind. */
function findInLines(text: string, lead: RegExp): FoundSetting | UnclearSetting | null {
  let found: FoundSetting | UnclearSetting | null = null;
  let start = 0;
  for (const line of text.split('\n')) {
    const match = lead.exec(line);
    if (match !== null)
      found = valueAt(line.slice(match[0].length), start + match[0].length) ?? found;
    start += line.length + 1;
  }
  return found;
}

/** Null for an empty value, which is as good as none. */
function valueAt(rest: string, start: number): FoundSetting | UnclearSetting | null {
  const [, raw = '', tail = ''] =
    /^("[^"]*"|'[^']*'|[^\s"'#;]*)(.*)$/.exec(rest.replace(/\r$/, '')) ?? [];
  const value = raw.replaceAll(/^["']|["']$/g, '');
  if (!/^[ \t]*(?:[#;].*)?$/.test(tail) || /[\\$`]/.test(value))
    return { reason: `has a value that is not plain text: ${rest.trim()}` };
  return value === '' ? null : { start, end: start + raw.length, value };
}
