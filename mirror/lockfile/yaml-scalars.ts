import type { ScalarForm, SourceScalar } from './source-tree.ts';
import { endOfLine, peekLine, type YamlCursor } from './yaml-cursor.ts';

/** Every value is a string, as with the failsafe schema of YAML 1.2; null where there is none. */
export type YamlScalar = SourceScalar & { readonly value: string | null };

/** Reads a scalar in quotes (YAML 1.2, 7.3.1 and 7.3.2); the cursor stands at its quote, and past the other one then. */
export function readQuoted(cursor: YamlCursor): YamlScalar {
  const { text, position } = cursor;
  const quote = text[position];
  const start = position + 1;
  let end = text.indexOf(quote ?? '', start);
  if (quote === "'") {
    while (end !== -1 && text[end + 1] === "'") end = text.indexOf("'", end + 2);
  } else {
    while (end !== -1 && isEscaped(text, start, end)) end = text.indexOf('"', end + 1);
  }
  if (end === -1) cursor.fail('a quote that is never closed');
  cursor.position = end + 1;
  const raw = text.slice(start, end);
  if (raw.includes('\n')) return scalar(cursor, { start, end, form: 'folded', value: raw });
  if (quote === "'") {
    return scalar(cursor, { start, end, form: 'single', value: raw.replaceAll("''", "'") });
  }
  return scalar(cursor, { start, end, form: 'json', value: unescaped(cursor, raw, start) });
}

/**
 * Reads a plain scalar (YAML 1.2, 7.3.3) up to the end of its line; the cursor stands past it then. Within braces it
 * ends at commas and brackets too.
 */
export function readPlain(cursor: YamlCursor, within: 'block' | 'flow'): YamlScalar {
  const { text, position: start } = cursor;
  if (/^[&*!|>%@`]/.test(text[start] ?? ''))
    cursor.fail(`${text[start]} begins nothing that package managers write`);
  const end = endOfPlain(cursor, start, within === 'flow' ? flowStop : blockStop);
  if (end === start) cursor.fail('a value or key is missing');
  cursor.position = end;
  return scalar(cursor, { start, end, form: 'bare', value: text.slice(start, end) });
}

const blockStop = String.raw`:(?=\s|$)|\s#|\r?\n`;
const flowStop = String.raw`:(?=[\s,[\]{}]|$)|[,[\]{}]|\s#|\r?\n`;

/** Looks no further than it ends: what comes after it on a line may be very long. */
function endOfPlain({ text }: YamlCursor, start: number, stop: string): number {
  const pattern = new RegExp(stop, 'g');
  pattern.lastIndex = start;
  const end = pattern.exec(text)?.index ?? text.length;
  return start + text.slice(start, end).trimEnd().length;
}

/** Reads a plain scalar with the lines that go on with it: all that are deeper than `parentColumn`. */
export function readPlainLines(cursor: YamlCursor, parentColumn: number): YamlScalar {
  const first = readPlain(cursor, 'block');
  let { end } = first;
  for (;;) {
    if (/^:(?:\s|$)/.test(cursor.text.slice(end, end + 2)))
      cursor.fail('a colon within a value', end);
    // A comment ends it.
    if (/^[ \t]+#/.test(cursor.text.slice(end, endOfLine(cursor, end)))) break;
    cursor.position = endOfLineBreak(cursor, end);
    const line = peekLine(cursor);
    if (line === null || line.indent <= parentColumn) break;
    end = endOfPlain(cursor, line.content, blockStop);
  }
  cursor.position = end;
  if (end === first.end) return first;
  const { start } = first;
  return { ...first, end, form: 'folded', value: cursor.text.slice(start, end) };
}

function endOfLineBreak({ text }: YamlCursor, position: number): number {
  const at = text.indexOf('\n', position);
  return at === -1 ? text.length : at + 1;
}

/** Reads a block scalar (YAML 1.2, 8.1): its text is never looked at. The cursor stands at the line after it then. */
export function readBlockScalar(cursor: YamlCursor, parentColumn: number): YamlScalar {
  const { position: start, text } = cursor;
  const header = text.slice(start, endOfLine(cursor, start));
  if (!/^[|>](?:[+-]?[1-9]?|[1-9][+-])(?:[ \t]+#.*|[ \t]*)$/.test(header))
    cursor.fail('a block of text that does not begin as one');
  let end = endOfLineBreak(cursor, start);
  while (end < text.length) {
    let content = end;
    while (text[content] === ' ') content += 1;
    const isEmpty = content >= endOfLine(cursor, end);
    if (!isEmpty && content - end <= parentColumn) break;
    end = endOfLineBreak(cursor, end);
  }
  cursor.position = end;
  return scalar(cursor, { start, end, form: 'folded', value: text.slice(start, end) });
}

/** A value that is not there. */
export function emptyScalar(cursor: YamlCursor, position: number): YamlScalar {
  return scalar(cursor, { start: position, end: position, form: 'bare', value: null });
}

function scalar(
  cursor: YamlCursor,
  facts: { start: number; end: number; form: ScalarForm; value: string | null },
): YamlScalar {
  return { type: 'scalar', line: cursor.lineAt(facts.start), ...facts };
}

/** Whether the character has an odd number of backslashes before it. */
function isEscaped(text: string, start: number, position: number): boolean {
  let at = position;
  while (at > start && text[at - 1] === '\\') at -= 1;
  return (position - at) % 2 === 1;
}

const singleEscapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

/** YAML 1.2, 5.7. */
function unescaped(cursor: YamlCursor, raw: string, start: number): string {
  if (!raw.includes('\\')) return raw;
  return raw.replaceAll(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (_match, ...groups: (string | number | undefined)[]) => {
      const [two, four, eight, one, offset] = groups;
      const hex = two ?? four ?? eight;
      const code = hex === undefined ? Number.NaN : Number.parseInt(String(hex), 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
      const plain = one === undefined ? undefined : singleEscapes[one];
      return plain ?? cursor.fail('an escape that YAML does not have', start + Number(offset));
    },
  );
}
