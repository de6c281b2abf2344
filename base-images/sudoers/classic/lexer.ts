import { type Frame, readLine } from './frames.ts';
import {
  lexCommandArguments,
  lexInclude,
  lexRegexArguments,
  lexSetting,
  lexString,
} from './lexer-modes.ts';
import { lexPlain } from './lexer-plain.ts';
import type { LexerOptions, LexerState } from './lexer-state.ts';
import type { Token } from './tokens.ts';

export interface Lexer {
  /** The next token; null where the lexer is at the end of its frame, which has to be replaced or to end there. */
  next(frame: Frame): Token | null;
}

export function createLexer(options: LexerOptions): Lexer {
  const { features } = options;
  const state: LexerState = {
    ...options,
    mode: 'initial',
    modeBefore: 'initial',
    continued: false,
    sawSpace: false,
    text: null,
    args: null,
    digestBytes: 0,
  };
  return {
    next: (frame) => {
      for (;;) {
        if (frame.at >= frame.line.length && !readLine(frame, features)) return null;
        const token = lexOne(state, frame);
        if (token !== null) return token;
      }
    },
  };
}

/** One match; null where it makes no token. */
function lexOne(state: LexerState, frame: Frame): Token | null {
  switch (state.mode) {
    case 'initial':
    case 'scope':
    case 'digest':
    case 'path':
      return lexPlain(state, frame);
    case 'setting':
    case 'value':
      return lexSetting(state, frame);
    case 'command':
      return lexCommandArguments(state, frame);
    case 'regex':
      return lexRegexArguments(state, frame);
    case 'string':
      return lexString(state, frame);
    case 'include':
      return lexInclude(state, frame);
  }
}
