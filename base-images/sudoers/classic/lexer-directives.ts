import type { Frame } from './frames.ts';
import { keep, type LexerState, newlineAt, take, token } from './lexer-state.ts';
import { scanBlanks, scanId, scanWord } from './scan.ts';
import type { Token } from './tokens.ts';

/** What may only stand at the beginning of a line: includes, Defaults, aliases. */
export function lexDirective(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  const { features } = state;
  if (line[at] === '@' && features.atInclude) {
    const include = /@include(?:dir)?/y;
    include.lastIndex = at;
    const word = include.exec(line)?.[0];
    if (word !== undefined && scanWord(line, at) <= at + word.length)
      return lexIncludeWord(state, frame, word);
  }
  if (at !== 0) return null;
  if (line.startsWith('#include')) {
    const word = /^#include(?:dir)?(?=[ \t]+)/.exec(line)?.[0];
    const ended = features.includeWithoutNewline || line.endsWith('\n');
    if (word !== undefined && ended) return lexIncludeWord(state, frame, word);
  }
  const keyword = /^[ \t]*(?:Defaults|(?:Host|Cmnd|Cmd|User|Runas)_Alias)/.exec(line)?.[0];
  if (keyword === undefined || (keyword.endsWith('Cmd_Alias') && !features.cmdAlias)) return null;
  return keyword.endsWith('Defaults')
    ? lexDefaults(state, frame, keyword)
    : lexAliases(state, frame, keyword);
}

function lexIncludeWord(state: LexerState, frame: Frame, word: string): Token {
  if (state.continued) {
    take(frame, word.startsWith('@') ? frame.at + word.length : frame.line.length);
    return token('ERROR', 'invalid line continuation');
  }
  if (!state.features.atInclude) {
    // The path is a part of the match, and what follows it is read when the included file has ended.
    const [match, path] = /^#include(?:dir)?[ \t]+([^\s]*)/.exec(frame.line) ?? ['', ''];
    take(frame, match.length);
    return token('INCLUDE', word.slice(1), path);
  }
  take(frame, frame.at + word.length);
  state.mode = 'include';
  return token('INCLUDE', word.slice(1));
}

function lexDefaults(state: LexerState, frame: Frame, keyword: string): Token | null {
  const { line } = frame;
  let end = keyword.length;
  const scope = /[:@>!][ \t]*!*"?/y;
  scope.lastIndex = end;
  const opening = scope.exec(line)?.[0];
  if (opening !== undefined) {
    // Without a name after it, `Defaults` stands alone.
    const start = end + opening.length;
    const named = Math.max(scanId(line, start), scanWord(line, start));
    end = Math.max(end, named);
  }
  if (scanWord(line, 0) > end) return null;
  const matched = take(frame, end).length;
  if (state.continued) return token('ERROR', 'invalid line continuation');
  state.mode = 'scope';
  if (opening === undefined || end === keyword.length) return token('DEFAULTS');
  const blanks = scanBlanks(line, keyword.length + 1);
  keep(frame, matched, blanks);
  return token('DEFAULTS', opening[0] ?? '');
}

function lexAliases(state: LexerState, frame: Frame, keyword: string): Token | null {
  if (scanWord(frame.line, 0) > keyword.length) return null;
  take(frame, keyword.length);
  if (state.continued) return token('ERROR', 'invalid line continuation');
  return token('ALIASES', keyword.trimStart().replace('Cmd_', 'Cmnd_'));
}

/** A comment, which ends the line; `#` and a number is none, nor is `#-` and a number. */
export function lexComment(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  if (line[at] !== '#') return null;
  const next = line[at + 1] ?? '';
  const afterDash = line[at + 2] ?? '';
  const lineEnd = state.features.crlf ? '\r\n' : '\n';
  const isText = (character: string): boolean =>
    character !== '' && !/[0-9]/.test(character) && !lineEnd.includes(character);
  const text = next === '-' ? isText(afterDash) : isText(next);
  const newline = text ? line.indexOf('\n', at) : newlineAt(state, line, at + 1) - 1;
  if (text || newline >= 0) {
    take(frame, newline < 0 ? line.length : newline + 1);
    if (newline >= 0) endLine(state, frame);
    return token('\n');
  }
  const id = state.mode === 'initial' ? scanId(line, at) : -1;
  if (id !== -1) return null;
  take(frame, at + 1);
  // In a last line without newline the end of the file has been seen, and that is taken for the comment's end.
  if (frame.offset >= frame.text.length && !frame.text.endsWith('\n')) return token('\n');
  // The error that is shown is that of the last system call, which is none.
  return token('ERROR', 'Success');
}

function endLine(state: LexerState, frame: Frame): void {
  state.mode = 'initial';
  state.continued = false;
  frame.lineNumber += 1;
}
