import { invalidLockfile } from './lockfile-errors.ts';

/** A place in the text of a YAML document, moved by those who read from it. */
export interface YamlCursor {
  readonly text: string;
  position: number;
  /** Counted from 1. */
  lineAt(position: number): number;
  /** Throws `lockfile_invalid` with the line of `position`, or of where the cursor is. */
  fail(what: string, position?: number): never;
}

/** Throws `lockfile_invalid` where the text has characters that YAML files of package managers never have. */
export function createYamlCursor(text: string, name: string): YamlCursor {
  const starts = lineStarts(text);
  const lineAt = (position: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const cursor: YamlCursor = {
    text,
    position: text.startsWith('\uFEFF') ? 1 : 0,
    lineAt,
    fail(what, position = cursor.position) {
      throw invalidLockfile({ name, line: lineAt(position) }, what);
    },
  };
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  const odd = /\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f]/.exec(text);
  if (odd !== null) cursor.fail('a control character in the text', odd.index);
  return cursor;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Where the line of `position` ends: at its line break, or at the end of the text. */
export function endOfLine({ text }: YamlCursor, position: number): number {
  const at = text.indexOf('\n', position);
  if (at === -1) return text.length;
  return text[at - 1] === '\r' && at > position ? at - 1 : at;
}

/** Goes past spaces and tabs. */
export function skipBlanks(cursor: YamlCursor): void {
  while (isBlank(cursor.text[cursor.position])) cursor.position += 1;
}

/** Whether the line has nothing more but a comment. */
export function isAtEndOfLine({ text, position }: YamlCursor): boolean {
  const char = text[position];
  if (char === undefined || char === '\n' || char === '\r') return true;
  return char === '#' && (position === 0 || /[\s\uFEFF]/.test(text[position - 1] ?? ''));
}

/** Goes to the start of the next line; throws where the line has more than a comment. */
export function finishLine(cursor: YamlCursor): void {
  skipBlanks(cursor);
  if (!isAtEndOfLine(cursor)) cursor.fail('more text on the line than belongs there');
  const at = cursor.text.indexOf('\n', cursor.position);
  cursor.position = at === -1 ? cursor.text.length : at + 1;
}

/** A line with something on it. */
export interface YamlLine {
  readonly indent: number;
  /** Where its first character that is no space stands. */
  readonly content: number;
}

/**
 * From the start of a line, goes past empty lines and comments to the start of a line with something on it; null at the
 * end of the document.
 */
export function peekLine(cursor: YamlCursor): YamlLine | null {
  const { text } = cursor;
  while (cursor.position < text.length) {
    const start = cursor.position;
    let content = start;
    while (text[content] === ' ') content += 1;
    const indent = content - start;
    while (isBlank(text[content])) content += 1;
    const isEmpty = isAtEndOfLine({ ...cursor, position: content });
    if (!isEmpty) {
      if (content - start !== indent) cursor.fail('a tab in the indentation', content);
      if (indent === 0 && /^(?:---|\.\.\.)(?=\s|$)/.test(text.slice(start, start + 4))) return null;
      return { indent, content };
    }
    const at = text.indexOf('\n', content);
    cursor.position = at === -1 ? text.length : at + 1;
  }
  return null;
}

export function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}
