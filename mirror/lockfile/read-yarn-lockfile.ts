import type { LockfileEntry } from './lockfile.ts';
import { invalidLockfile, type LockfilePlace } from './lockfile-errors.ts';
import { isNoTarball } from './no-tarball.ts';
import type { ReadForm } from './read-lockfile.ts';
import type { SourceScalar } from './source-tree.ts';
import { scalarUrl } from './source-url.ts';

/**
 * yarn.lock of yarn 1: keys of one or several patterns at the start of a line, their fields two spaces deep, lists of
 * dependencies four. Throws `lockfile_invalid` with the line for anything else.
 */
export function readYarnLockfile(text: string, name: string): ReadForm {
  const entries: LockfileEntry[] = [];
  const seen = new Set<string>();
  let open: OpenEntry | null = null;
  const close = (): void => {
    const entry = open === null ? null : finishEntry(open, name);
    if (entry !== null) entries.push(entry);
  };
  for (const line of linesOf(text, name)) {
    if (line.indent === 0) {
      close();
      open = beginEntry(line);
      for (const pattern of open.patterns) {
        if (seen.has(pattern)) line.fail(`${JSON.stringify(pattern)} stands twice`);
        seen.add(pattern);
      }
    } else if (open === null) line.fail('a field without a package');
    else readField(line, open);
  }
  close();
  return { version: '1', entries };
}

interface OpenEntry {
  readonly patterns: readonly string[];
  readonly line: number;
  readonly fields: Map<string, YarnScalar>;
  /** The list that lines four spaces deep belong to, with what it has. */
  list: Set<string> | null;
}

type YarnScalar = SourceScalar & { readonly value: string };

interface YarnLine {
  readonly number: number;
  readonly indent: number;
  readonly words: readonly YarnScalar[];
  /** Whether a colon ends it. */
  readonly opens: 'list' | 'nothing';
  fail(what: string): never;
}

function beginEntry(line: YarnLine): OpenEntry {
  if (line.opens !== 'list') line.fail('no key of packages: it has no colon at its end');
  const patterns = line.words.map(({ value }) => value);
  return { patterns, line: line.number, fields: new Map(), list: null };
}

function readField(line: YarnLine, open: OpenEntry): void {
  const [key, value, more] = line.words;
  if (key === undefined || more !== undefined) line.fail('no key with one value');
  if (line.indent === 4 && open.list !== null && value !== undefined) {
    if (open.list.has(key.value)) line.fail(`the key ${JSON.stringify(key.value)} stands twice`);
    open.list.add(key.value);
    return;
  }
  if (line.indent !== 2) line.fail('indented otherwise than yarn does');
  if ((line.opens === 'list') === (value !== undefined)) line.fail('no key with one value');
  if (open.fields.has(key.value)) line.fail(`the key ${JSON.stringify(key.value)} stands twice`);
  open.fields.set(key.value, value ?? key);
  open.list = line.opens === 'list' ? new Set() : null;
}

function finishEntry(open: OpenEntry, file: string): LockfileEntry | null {
  const version = open.fields.get('version')?.value;
  if (version === undefined) {
    const place = { name: file, line: open.line };
    throw invalidLockfile(place, `${open.patterns[0]} has no version: the file may be cut off`);
  }
  const resolved = open.fields.get('resolved');
  const pattern = open.patterns[0] ?? '';
  const [, name = pattern, range = ''] = /^(@?[^@]+)@(.*)$/s.exec(pattern) ?? [];
  const [, aliased] = /^npm:(@?[^@]+)(?:@.*)?$/s.exec(range) ?? [];
  const isUrl = /^https?:/i.test(range);
  const isElsewhere = aliased === undefined && !isUrl && /[:/]/.test(range);
  if (isElsewhere || (resolved !== undefined && isNoTarball(resolved.value))) return null;
  return {
    name: aliased ?? name,
    version,
    integrity: open.fields.get('integrity')?.value ?? sha1Of(resolved?.value),
    line: resolved?.line ?? open.line,
    source: isUrl ? 'url' : 'registry',
    // Of an offline mirror it is the name of a file.
    url: resolved?.value.includes(':') === true ? scalarUrl(resolved) : null,
  };
}

/** Old files have no integrity but the SHA-1 of the tarball after the URL. */
function sha1Of(resolved: string | undefined): string | null {
  const hex = /#([\da-f]{40})$/.exec(resolved ?? '')?.[1];
  return hex === undefined ? null : `sha1-${Buffer.from(hex, 'hex').toString('base64')}`;
}

function* linesOf(text: string, name: string): Iterable<YarnLine> {
  let number = 0;
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  while (start < text.length) {
    number += 1;
    const at = text.indexOf('\n', start);
    const next = at === -1 ? text.length : at + 1;
    const end = text.slice(start, next).trimEnd().length + start;
    const line = readLine(text, { start, end }, { name, line: number });
    if (line !== null) yield line;
    start = next;
  }
}

/** Null for an empty line and a comment. */
function readLine(
  text: string,
  { start, end }: { start: number; end: number },
  place: LockfilePlace,
): YarnLine | null {
  const fail = (what: string): never => {
    throw invalidLockfile(place, what);
  };
  let position = start;
  while (text[position] === ' ') position += 1;
  const indent = position - start;
  if (position >= end || text[position] === '#') return null;
  const words: YarnScalar[] = [];
  let opens: YarnLine['opens'] = 'nothing';
  while (position < end) {
    const scalar = readWord(text, position, place);
    words.push(scalar);
    position = scalar.end + (scalar.form === 'json' ? 1 : 0);
    if (position >= end) break;
    const gap = gapAt(text, position);
    position += gap.length;
    if (gap === ':' && position === end) opens = 'list';
    // Commas are between the patterns of a key, spaces between a field and its value.
    else if (indent === 0 ? !gap.startsWith(',') : !/^ +$/.test(gap)) {
      fail('more text on the line than belongs there');
    }
  }
  return { number: place.line, indent, words, opens, fail };
}

/** A colon, or a comma with the spaces after it, or spaces; empty where none of them stands. */
function gapAt(text: string, position: number): string {
  const gap = /:|,? */y;
  gap.lastIndex = position;
  return gap.exec(text)?.[0] ?? '';
}

function readWord(text: string, start: number, place: LockfilePlace): YarnScalar {
  const word = /"(?:[^"\\\p{Cc}]|\\.)*"|[A-Za-z0-9./@_-][^\s:,"]*/uy;
  word.lastIndex = start;
  const found = word.exec(text)?.[0];
  if (found === undefined) throw invalidLockfile(place, 'a word that yarn does not write');
  const facts = { type: 'scalar', line: place.line } as const;
  if (!found.startsWith('"')) {
    return { ...facts, value: found, start, end: start + found.length, form: 'bare' };
  }
  const value = parseString(found, place);
  return { ...facts, value, start: start + 1, end: start + found.length - 1, form: 'json' };
}

function parseString(quoted: string, place: LockfilePlace): string {
  try {
    return String(JSON.parse(quoted));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidLockfile(place, 'a string with an escape that does not exist', { cause: error });
  }
}
