import { isBlank, trimStart } from './go-text.ts';
import { type HeredocMark, heredocMarksOf } from './heredoc-marks.ts';
import type { Heredoc, SourceRange } from './instruction.ts';
import type { EscapeCharacter } from './parser-directives.ts';

/** One instruction before it is understood: its lines joined, its here-documents taken out. */
export interface LogicalLine {
  /** Continuation lines joined without the escape character; comments and empty lines between them left out. */
  readonly text: string;
  /** The first and last line with the here-documents. */
  readonly range: SourceRange;
  /** The last line of the instruction itself. */
  readonly lastTextLine: number;
  readonly heredocs: readonly Heredoc[];
  /** A here-document whose terminator the file does not have. */
  readonly unterminated: string | undefined;
  /** An empty line stands between continuation lines. */
  readonly emptyContinuation: boolean;
}

/**
 * Cuts a Dockerfile into instructions by the rules of Docker's frontend, line by line: comments and empty lines go,
 * a line that ends in the escape character (white space may follow) goes on in the next one unless the escape
 * character stands before it too, and here-documents end at a line that is exactly their name. `lines` are without
 * their line feeds but with carriage returns.
 */
export function splitLogicalLines(
  lines: readonly string[],
  escape: EscapeCharacter,
): LogicalLine[] {
  const cursor: Cursor = { lines, next: 0, continuation: continuationPattern(escape) };
  const found: LogicalLine[] = [];
  while (cursor.next < lines.length) {
    const joined = joinContinuation(cursor);
    if (joined === undefined) continue;
    const marks = joined.text.includes('<<') ? heredocMarksOf(joined.text, escape) : [];
    const lastTextLine = cursor.next;
    const { heredocs, unterminated } = readHeredocs(cursor, marks);
    const range = { firstLine: joined.firstLine, lastLine: cursor.next };
    const { text, emptyContinuation } = joined;
    found.push({ text, range, lastTextLine, heredocs, unterminated, emptyContinuation });
  }
  return found;
}

interface Cursor {
  readonly lines: readonly string[];
  /** The index of the next line, which is the number of the last line read. */
  next: number;
  readonly continuation: RegExp;
}

function continuationPattern(escape: EscapeCharacter): RegExp {
  const character = escape === '\\' ? '\\\\' : '`';
  return new RegExp(`(^|[^${character}])${character}[ \\t]*$`);
}

interface JoinedLine {
  readonly text: string;
  readonly firstLine: number;
  readonly emptyContinuation: boolean;
}

/** Undefined for a comment or an empty line. */
function joinContinuation(cursor: Cursor): JoinedLine | undefined {
  const first = trimStart(withoutLineEnd(cursor.lines[cursor.next] ?? ''));
  cursor.next += 1;
  const firstLine = cursor.next;
  if (first === '' || first.startsWith('#')) return undefined;
  const parts: string[] = [];
  let emptyContinuation = false;
  let goesOn = pushPart(parts, first, cursor.continuation);
  while (goesOn && cursor.next < cursor.lines.length) {
    const line = withoutLineEnd(cursor.lines[cursor.next] ?? '');
    cursor.next += 1;
    if (trimStart(line).startsWith('#')) continue;
    if (isBlank(line)) {
      // What a file has behind its last line feed is not a line.
      emptyContinuation ||= cursor.next < cursor.lines.length;
      continue;
    }
    goesOn = pushPart(parts, line, cursor.continuation);
  }
  return { text: parts.join(''), firstLine, emptyContinuation };
}

/** Says whether the line goes on in the next one. */
function pushPart(parts: string[], line: string, continuation: RegExp): boolean {
  const found = continuation.exec(line);
  parts.push(found === null ? line : line.slice(0, found.index) + (found[1] ?? ''));
  return found !== null;
}

function readHeredocs(
  cursor: Cursor,
  marks: readonly HeredocMark[],
): { heredocs: Heredoc[]; unterminated: string | undefined } {
  const heredocs: Heredoc[] = [];
  for (const mark of marks) {
    const body: string[] = [];
    let terminated = false;
    while (!terminated && cursor.next < cursor.lines.length) {
      const line = cursor.lines[cursor.next] ?? '';
      cursor.next += 1;
      const bare = withoutLineEnd(line);
      terminated = (mark.chomp ? bare.replace(/^\t+/, '') : bare) === mark.name;
      if (!terminated) body.push(`${line}\n`);
    }
    if (!terminated) return { heredocs, unterminated: mark.name };
    heredocs.push({ ...mark, content: body.join('') });
  }
  return { heredocs, unterminated: undefined };
}

function withoutLineEnd(line: string): string {
  let end = line.length;
  while (end > 0 && line.charAt(end - 1) === '\r') end -= 1;
  return line.slice(0, end);
}
