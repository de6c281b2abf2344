/** One line of TOML with what belongs to it: a table's header, or a key with its value. */
export interface TomlStatement {
  readonly kind: 'table' | 'tables' | 'value';
  /** From the root of the file. */
  readonly path: readonly string[];
  /** The path of the header under which it stands; its own for a header. */
  readonly table: readonly string[];
  /** Where it begins, and where the line after it does. */
  readonly start: number;
  readonly end: number;
  /** Of a value: where it stands, without blanks and comments. */
  readonly value: { readonly start: number; readonly end: number; readonly text: string } | null;
}

const bareKey = /[A-Za-z0-9_-]+/y;
const basicString = /"(?:[^"\\\n\r]|\\.)*"/y;
const literalString = /'[^'\n\r]*'/y;
const blanks = /[ \t]*/y;
const lineEnd = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const plainValue = /[^\s"'[\]{},#]+(?: \d[^\s"'[\]{},#]*)?/y;

/**
 * Reads the statements of a TOML file (TOML 1.0), in their order, so that single ones can be changed and all else stays as it is
 * written. Null for what is no TOML, and for strings of several lines, which what is read here has no use for.
 */
export function readTomlStatements(text: string): readonly TomlStatement[] | null {
  const statements: TomlStatement[] = [];
  let table: readonly string[] = [];
  let at = skip(text, 0);
  while (at < text.length) {
    const statement = text[at] === '[' ? readHeader(text, at) : readPair(text, at, table);
    if (statement === null) return null;
    if (statement.kind !== 'value') table = statement.path;
    statements.push(statement);
    at = skip(text, statement.end);
  }
  return statements;
}

/** A string's value; null for anything else. */
export function tomlString(value: string): string | null {
  if (/^'[^']*'$/.test(value)) return value.slice(1, -1);
  return value.startsWith('"') ? unescaped(value) : null;
}

/** Over blank lines and comments. */
function skip(text: string, from: number): number {
  let at = from;
  for (;;) {
    const end = match(lineEnd, text, at);
    if (end === null || end === at) return match(blanks, text, at) ?? at;
    at = end;
  }
}

function readHeader(text: string, start: number): TomlStatement | null {
  const isList = text[start + 1] === '[';
  const key = readKey(text, start + (isList ? 2 : 1));
  if (key === null || !text.startsWith(isList ? ']]' : ']', key.end)) return null;
  const end = match(lineEnd, text, key.end + (isList ? 2 : 1));
  if (end === null) return null;
  return {
    kind: isList ? 'tables' : 'table',
    path: key.path,
    table: key.path,
    start,
    end,
    value: null,
  };
}

function readPair(text: string, start: number, table: readonly string[]): TomlStatement | null {
  const key = readKey(text, start);
  if (key === null || text[key.end] !== '=') return null;
  const valueStart = match(blanks, text, key.end + 1) ?? key.end + 1;
  const valueEnd = readValue(text, valueStart);
  const end = valueEnd === null ? null : match(lineEnd, text, valueEnd);
  if (valueEnd === null || end === null) return null;
  const value = { start: valueStart, end: valueEnd, text: text.slice(valueStart, valueEnd) };
  return { kind: 'value', path: [...table, ...key.path], table, start, end, value };
}

/** A key with its dots, and the blanks around it. */
function readKey(text: string, from: number): { path: string[]; end: number } | null {
  const path: string[] = [];
  let at = from;
  for (;;) {
    at = match(blanks, text, at) ?? at;
    const end =
      match(bareKey, text, at) ?? match(basicString, text, at) ?? match(literalString, text, at);
    if (end === null) return null;
    const written = text.slice(at, end);
    const name = /^["']/.test(written) ? tomlString(written) : written;
    if (name === null) return null;
    path.push(name);
    at = match(blanks, text, end) ?? end;
    if (text[at] !== '.') return { path, end: at };
    at += 1;
  }
}

/** Where a value ends; lists and inline tables by their brackets. */
function readValue(text: string, start: number): number | null {
  if (text.startsWith('"""', start) || text.startsWith("'''", start)) return null;
  const opening = text[start];
  if (opening !== '[' && opening !== '{') return readScalar(text, start);
  const open: string[] = [];
  let at = start;
  do {
    const character = text[at];
    if (character === '[' || character === '{') open.push(character === '[' ? ']' : '}');
    if (character === ']' || character === '}') if (open.pop() !== character) return null;
    const next = readInside(text, at);
    if (next === null) return null;
    at = next;
  } while (open.length > 0);
  return at;
}

/** Over one thing between brackets: a string whole, a comment whole, else a character. */
function readInside(text: string, at: number): number | null {
  const character = text[at];
  if (character === undefined) return null;
  if (text.startsWith('"""', at) || text.startsWith("'''", at)) return null;
  if (character === '"') return match(basicString, text, at);
  if (character === "'") return match(literalString, text, at);
  return character === '#' ? match(lineEnd, text, at) : at + 1;
}

function readScalar(text: string, start: number): number | null {
  return (
    match(basicString, text, start) ??
    match(literalString, text, start) ??
    match(plainValue, text, start)
  );
}

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? null : at + found[0].length;
}

/** Of TOML's escapes, those that JSON has too. */
function unescaped(value: string): string | null {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
