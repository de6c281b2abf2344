import { type Frame, readLine } from './frames.ts';
import { lexComment } from './lexer-directives.ts';
import { keep, lexCommon, type LexerState, newlineAt, take, token } from './lexer-state.ts';
import {
  scanArgument,
  scanBlanks,
  scanInclude,
  scanSettingName,
  scanStringBody,
  scanValue,
} from './scan.ts';
import type { Token } from './tokens.ts';
import { unescapeWord } from './unescape.ts';

/** The settings of a Defaults entry: `name`, `!name`, `name=value`, `name+=value`, with commas between. */
export function lexSetting(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  const comment = lexComment(state, frame);
  if (comment !== null) return comment;
  if (state.mode === 'setting') {
    const end = scanSettingName(line, at);
    if (end === -1) return lexCommon(state, frame);
    state.mode = 'value';
    return token('NAME', take(frame, end));
  }
  const character = line[at];
  if ((character === '+' || character === '-') && line[at + 1] === '=') {
    const end = scanValue(line, at);
    if (end <= at + 2) {
      take(frame, at + 2);
      return token(character);
    }
  }
  if (character === ',') {
    take(frame, at + 1);
    state.mode = 'setting';
    return token(',');
  }
  if (character === '=') {
    take(frame, at + 1);
    return token('=');
  }
  if (character === '"') {
    beginString(state, frame, state.mode);
    return null;
  }
  const end = scanValue(line, at);
  // A continuation is no value, though a backslash may begin one.
  if (end === -1 || isLongerContinuation(state, frame, end)) return lexCommon(state, frame);
  return token('WORD', unescapeWord(take(frame, end)));
}

export function beginString(state: LexerState, frame: Frame, back: LexerState['mode']): void {
  take(frame, frame.at + 1);
  state.text = null;
  state.modeBefore = back;
  state.mode = 'string';
}

/** The inside of quotes, and the quote that ends it. */
export function lexString(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  if (line[at] === '"') {
    take(frame, at + 1);
    return endString(state);
  }
  if (line[at] === '\\') {
    const continued = newlineAt(state, line, scanBlanks(line, at + 1));
    if (continued !== -1) {
      continueString(state, frame, continued);
      return null;
    }
  }
  const body = scanStringBody(line, at);
  if (body !== -1) {
    state.text = (state.text ?? '') + unescapeWord(take(frame, body));
    return null;
  }
  if (line[at] === '\\') {
    state.text = (state.text ?? '') + take(frame, at + 1);
    return null;
  }
  return lexCommon(state, frame);
}

/** The blanks that begin the next line belong to the match, whose length then counts from that line's beginning. */
function continueString(state: LexerState, frame: Frame, end: number): void {
  const length = end - frame.at;
  take(frame, end);
  state.continued = true;
  frame.lineNumber += 1;
  if (!readLine(frame, state.features)) return;
  frame.at = scanBlanks(frame.line, 0);
  frame.tokenEnd = length + frame.at;
}

function endString(state: LexerState): Token {
  const text = state.text;
  state.mode = state.modeBefore;
  if (text === null) return token('ERROR', 'empty string');
  const groups =
    state.mode === 'initial' || (state.mode === 'scope' && state.features.groupsInQuotedDefaults);
  if (groups && text.startsWith('%')) {
    return text === '%' || text === '%:' ? token('ERROR', 'empty group') : token('USERGROUP', text);
  }
  if (groups && text.startsWith('+')) {
    return text === '+' ? token('ERROR', 'empty netgroup') : token('NETGROUP', text);
  }
  return token('WORD', text);
}

/** The arguments of a command, up to what ends it. */
export function lexCommandArguments(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  const character = line[at] ?? '';
  if (character === '\\') {
    const next = line[at + 1] ?? '';
    if ((state.features.regularExpressions ? '*?[]!^' : '*?[]!').includes(next) && next !== '') {
      addArgument(state, take(frame, at + 2), state.sawSpace);
      return null;
    }
    // A continuation is longer than an escaped blank.
    const continued = newlineAt(state, line, scanBlanks(line, at + 1)) !== -1;
    if (!continued && ':\\,= \t#'.includes(next) && next !== '') {
      addArgument(state, take(frame, at + 2).slice(1), state.sawSpace);
      return null;
    }
    return lexCommon(state, frame);
  }
  const argument = scanCommandArgument(state, frame);
  const ends = '#:,=\n'.includes(character) || (character === '\r' && state.features.crlf);
  if (ends && argument <= at + 1) {
    const length = newlineAt(state, line, at) === at + 2 ? 0 : 1;
    if (length === 0) return lexCommon(state, frame);
    take(frame, at + 1);
    keep(frame, 1, 0);
    state.mode = 'initial';
    return commandToken(state);
  }
  if (argument === -1) return lexCommon(state, frame);
  if (state.features.regularExpressions && state.args === null && character === '^') {
    take(frame, argument);
    keep(frame, argument - at, 0);
    state.mode = 'regex';
    return null;
  }
  addArgument(state, take(frame, argument), state.sawSpace);
  return null;
}

function scanCommandArgument(state: LexerState, frame: Frame): number {
  if (state.features.crlf) return scanArgument(frame.line, frame.at);
  let end = frame.at;
  while (end < frame.line.length && !'#\\:, \t\n'.includes(frame.line[end] ?? '')) end += 1;
  return end > frame.at ? end : -1;
}

function addArgument(state: LexerState, text: string, spaced: boolean): void {
  state.args = state.args === null ? text : state.args + (spaced ? ' ' : '') + text;
  state.sawSpace = false;
}

function commandToken(state: LexerState): Token {
  return token('COMMAND', state.text ?? '', state.args);
}

/** Arguments as a regular expression, up to its `$`. */
export function lexRegexArguments(state: LexerState, frame: Frame): Token | null {
  const { line, at } = frame;
  const character = line[at] ?? '';
  const next = line[at + 1] ?? '';
  if (character === '\\' && next !== '' && next !== '\r' && next !== '\n') {
    const continued = newlineAt(state, line, scanBlanks(line, at + 1)) !== -1;
    if (!continued) {
      addRegex(state, take(frame, at + 2));
      return null;
    }
    return lexCommon(state, frame);
  }
  if (newlineAt(state, line, at) === at + 2) return lexCommon(state, frame);
  if (character === '#' || character === '\r' || character === '\n') {
    take(frame, at + 1);
    keep(frame, 1, 0);
    state.mode = 'initial';
    return token('ERROR', 'unterminated regular expression');
  }
  if (character === '$') {
    addRegex(state, take(frame, at + 1));
    state.mode = 'initial';
    state.continued = false;
    return commandToken(state);
  }
  let end = at;
  while (end < line.length && !'#\\\r\n$'.includes(line[end] ?? '')) end += 1;
  if (end === at) return lexCommon(state, frame);
  const text = take(frame, end);
  addRegex(state, state.continued ? text.replace(/^[ \t]+/, '') : text);
  state.continued = false;
  return null;
}

function addRegex(state: LexerState, text: string): void {
  if (text !== '') state.args = (state.args ?? '') + text;
}

/** The path after an include. */
export function lexInclude(state: LexerState, frame: Frame): Token | null {
  if (frame.line[frame.at] === '"') {
    beginString(state, frame, 'initial');
    return null;
  }
  const end = scanInclude(frame.line, frame.at);
  if (end === -1 || isLongerContinuation(state, frame, end)) return lexCommon(state, frame);
  state.mode = 'initial';
  return token('WORD', unescapeWord(take(frame, end)));
}

/** Is there a continuation here that is longer than the match that ends at `end`? */
export function isLongerContinuation(state: LexerState, frame: Frame, end: number): boolean {
  if (frame.line[frame.at] !== '\\') return false;
  return newlineAt(state, frame.line, scanBlanks(frame.line, frame.at + 1)) > end;
}
