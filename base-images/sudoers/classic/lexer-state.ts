import type { ClassicFeatures } from './classic-features.ts';
import type { Frame } from './frames.ts';
import { scanBlanks } from './scan.ts';
import type { Token, TokenKind } from './tokens.ts';

/** What the next token is read as. As the C lexer's start conditions (plugins/sudoers/toke.l). */
export type Mode =
  | 'initial'
  /** After `Defaults`, up to the blank before the settings. */
  | 'scope'
  /** The name of a setting. */
  | 'setting'
  /** What follows the name. */
  | 'value'
  | 'command'
  | 'regex'
  | 'string'
  | 'digest'
  | 'include'
  | 'path';

export interface LexerOptions {
  readonly features: ClassicFeatures;
  /** As visudo of some versions: what sudo itself takes may be refused. */
  readonly strict: boolean;
  /** Says what is wrong with the token that is being read, which counts nevertheless. */
  complain(what: string): void;
}

export interface LexerState extends LexerOptions {
  mode: Mode;
  /** Where a string or path ends, the lexer goes back to this. */
  modeBefore: Mode;
  /** Within an entry that goes on over lines. */
  continued: boolean;
  sawSpace: boolean;
  /** Of the string, or of the command, that is being read. */
  text: string | null;
  args: string | null;
  digestBytes: number;
}

/** Takes the text up to `end` as one match. */
export function take(frame: Frame, end: number): string {
  const text = frame.line.slice(frame.at, end);
  frame.tokenStart = frame.tokenEnd;
  frame.tokenEnd += end - frame.at;
  frame.at = end;
  return text;
}

/** Puts back all but `length` characters of the match. */
export function keep(frame: Frame, matched: number, length: number): void {
  frame.at -= matched - length;
  frame.tokenEnd = frame.tokenStart + length;
}

export function token(kind: TokenKind, text = '', args: string | null = null): Token {
  return { kind, text, args };
}

/** What every mode takes where nothing of its own matches: line ends, blanks, continuations, `!`; else one character matches nothing. */
export function lexCommon(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  if (line[at] === '!') {
    let end = at + 1;
    while (line[end] === '!') end += 1;
    return take(frame, end).length % 2 === 1 ? token('!') : null;
  }
  const newline = newlineAt(state, line, at);
  if (newline !== -1) return lexNewline(state, frame, newline);
  if (line[at] === '\\') {
    const after = newlineAt(state, line, scanBlanks(line, at + 1));
    if (after !== -1) {
      take(frame, after);
      state.sawSpace = true;
      state.continued = true;
      frame.lineNumber += 1;
      return null;
    }
  }
  const blanks = scanBlanks(line, at);
  if (blanks > at) {
    take(frame, blanks);
    state.sawSpace = true;
    return null;
  }
  take(frame, at + 1);
  return token(state.features.recovers ? 'NO_MATCH' : 'ERROR');
}

/** Where the line end that begins here ends, or -1. */
export function newlineAt(state: LexerState, line: string, at: number): number {
  if (line[at] === '\n') return at + 1;
  return state.features.crlf && line[at] === '\r' && line[at + 1] === '\n' ? at + 2 : -1;
}

function lexNewline(state: LexerState, frame: Frame, end: number): Token {
  const length = take(frame, end).length;
  if (state.mode === 'string') {
    if (!state.features.recovers) return token('ERROR');
    state.mode = 'initial';
    keep(frame, length, 0);
    return token('ERROR', 'unexpected line break in string');
  }
  state.mode = 'initial';
  state.continued = false;
  frame.lineNumber += 1;
  return token('\n');
}
