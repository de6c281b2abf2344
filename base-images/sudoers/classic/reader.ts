import type { FileAndLine } from '../verdict.ts';
import { type Parser, Stumble } from './parser-state.ts';
import { type Said, syntaxProblem } from './report.ts';
import {
  createTokenSource,
  type IncludeFailure,
  type TokenSource,
  type TokenSourceOptions,
} from './token-source.ts';
import type { Token } from './tokens.ts';

export interface ReaderOptions extends Pick<
  TokenSourceOptions,
  'features' | 'main' | 'includes' | 'strict'
> {
  say(said: Said): void;
}

/** What the parser reads from, and complains to. */
export interface Reader {
  readonly parser: Parser;
  include(how: 'include' | 'includedir', path: string): void;
  /** False at the end of the files. */
  skipLine(): boolean;
  errors(): { readonly hasErrors: boolean; readonly firstError: FileAndLine | null };
}

export function createReader(options: ReaderOptions): Reader {
  const { features } = options;
  const state: State = { ahead: null, firstError: null };
  const complaints = createComplaints(options, state, () => source);
  const { say, includeFailed } = complaints;
  const source: TokenSource = createTokenSource({ ...options, complain: say, includeFailed });
  const peek = (): Token => (state.ahead ??= source.next());
  const take = (): Token => {
    const token = peek();
    state.ahead = null;
    return token;
  };
  return {
    parser: {
      ...complaints,
      features,
      peek,
      take,
      takeIf: (kind) => {
        if (peek().kind !== kind) return false;
        state.ahead = null;
        return true;
      },
      expect: (kind) => (peek().kind === kind ? take() : complaints.stumble()),
    },
    include: (how, path) => {
      const failure = source.include(how, path);
      if (failure === null) return;
      includeFailed(failure);
      if (!features.includeFailureIsLocal) throw new Stumble();
    },
    skipLine: () => {
      for (let { kind } = take(); kind !== '\n'; { kind } = take())
        if (kind === 'END') return false;
      return true;
    },
    errors: () => ({ hasErrors: state.firstError !== null, firstError: state.firstError }),
  };
}

interface State {
  /** The token at hand, where one was read. */
  ahead: Token | null;
  firstError: FileAndLine | null;
}

interface Complaints extends Pick<Parser, 'stumble' | 'report' | 'say' | 'warn' | 'place'> {
  includeFailed(failure: IncludeFailure): void;
}

function createComplaints(
  options: ReaderOptions,
  state: State,
  source: () => TokenSource,
): Complaints {
  const { features } = options;
  const place: Parser['place'] = () => {
    const { path, lineNumber, tokenStart } = source().frame;
    const line = state.ahead?.kind === '\n' ? lineNumber - 1 : lineNumber;
    return { path, line, column: tokenStart + 1 };
  };
  const noteError = (): void => {
    const { path, line } = place();
    state.firstError ??= { path, line };
  };
  const say = (what: string): void => {
    noteError();
    options.say(syntaxProblem(features, source().frame, { line: place().line, what }));
  };
  const report = (what: string): void => {
    const { ahead } = state;
    if (ahead?.kind !== 'ERROR') say(what);
    else if (features.lexerErrorsWait) {
      if (ahead.text === '') noteError();
      else say(ahead.text);
      // The lexer's words are used up: of the same token again, nothing more is said.
      state.ahead = { ...ahead, text: '' };
    } else if (features.reservedAliasNames) noteError();
    else say(what);
  };
  return {
    place,
    say,
    report,
    stumble: () => {
      report('syntax error');
      throw new Stumble();
    },
    warn: (what) => {
      const { path, line, column } = place();
      const problem = { path, line, column, what, severity: 'warning' } as const;
      options.say({ problem, lines: [`${path}:${line}:${column}: ${what}`] });
    },
    includeFailed: (failure) => {
      if (failure === 'failed') noteError();
      if (failure === 'too many levels') say('too many levels of includes');
    },
  };
}
