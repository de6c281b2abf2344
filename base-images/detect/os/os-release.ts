const maxValueLength = 512;

export interface KeyValues {
  readonly values: ReadonlyMap<string, string>;
  /** How many lines are neither empty, comments, nor assignments of a value that people could read. */
  readonly badLines: number;
}

/**
 * Assignments as os-release(5) has them: `KEY=value` a line, values plain or in quotes, in double quotes with backslashes
 * before `$ " \ `` ` ``. The last of a key counts, as in a shell. The text is UTF-8, a byte a character.
 */
export function parseKeyValues(bytes: string): KeyValues {
  const values = new Map<string, string>();
  let badLines = 0;
  for (const line of Buffer.from(bytes, 'latin1').toString('utf8').split(/\r?\n/)) {
    const plain = line.replace(/^\uFEFF/, '').trim();
    if (plain === '' || plain.startsWith('#')) continue;
    const [, key, raw] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(plain) ?? [];
    const isSane = raw !== undefined && raw.length <= maxValueLength && !/\p{Cc}/u.test(raw);
    const value = isSane ? unquote(raw) : undefined;
    if (key === undefined || value === undefined) badLines += 1;
    else values.set(key, value);
  }
  return { values, badLines };
}

/** Undefined for quotes that do not close. */
function unquote(raw: string): string | undefined {
  const quote = raw[0];
  if (quote !== '"' && quote !== "'") return raw.replace(/\s+#.*$/, '').replace(/\\(.)/g, '$1');
  if (quote === "'") return /^'([^']*)'\s*(?:#.*)?$/.exec(raw)?.[1];
  return /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(raw)?.[1]?.replace(/\\([$"\\`])/g, '$1');
}
