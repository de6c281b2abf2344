import type { Policy } from '../policy.ts';
import type { FileAndLine } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import { type Entries, parseEntry } from './parser-entries.ts';
import { createLists } from './parser-lists.ts';
import { type Parser, Stumble } from './parser-state.ts';
import { type Said, syntaxProblem } from './report.ts';
import {
  createTokenSource,
  type IncludeFailure,
  type IncludeSource,
  type TokenSource,
} from './token-source.ts';
import type { Token } from './tokens.ts';

export interface Parsed {
  readonly policy: Policy;
  /** Any error at all: visudo then says no more. */
  readonly hasErrors: boolean;
  /** The parser gave up: nothing of what was read counts. */
  readonly abandoned: boolean;
  /** The first error, where old versions say `near line`. */
  readonly firstError: FileAndLine | null;
}

export interface ParseOptions {
  readonly features: ClassicFeatures;
  readonly main: { readonly path: string; readonly text: string };
  readonly includes: IncludeSource;
  /** As visudo of some versions: what sudo itself takes may be refused. */
  readonly strict: boolean;
  say(said: Said): void;
}

/**
 * Reads sudoers files as the C sudo does: the grammar of plugins/sudoers/gram.y, an LALR(1) one. What is wrong is always said at the first
 * token that cannot follow, and only tokens that the grammar needs to decide are read ahead: both decide which line and column are shown.
 */
export function parseClassic(options: ParseOptions): Parsed {
  const reader = createReader(options);
  const { parser } = reader;
  const entries: Entries = { rules: [], aliases: new Map(), settings: [] };
  const context = {
    parser,
    lists: createLists(parser),
    entries,
    include: reader.include,
    skipLine: reader.skipLine,
  };
  let abandoned = false;
  while (!abandoned && parser.peek().kind !== 'END') {
    try {
      parseEntry(context);
    } catch (error) {
      if (!(error instanceof Stumble)) throw error;
      abandoned = !reader.skipLine();
    }
  }
  return { policy: entries, abandoned, ...reader.errors() };
}

interface Reader {
  readonly parser: Parser;
  include(how: 'include' | 'includedir', path: string): void;
  /** False at the end of the files. */
  skipLine(): boolean;
  errors(): Pick<Parsed, 'hasErrors' | 'firstError'>;
}

function createReader(options: ParseOptions): Reader {
  const { features } = options;
  let ahead: Token | null = null;
  let firstError: FileAndLine | null = null;

  const place = (): ReturnType<Parser['place']> => {
    const { path, lineNumber, tokenStart } = source.frame;
    return {
      path,
      line: ahead?.kind === '\n' ? lineNumber - 1 : lineNumber,
      column: tokenStart + 1,
    };
  };
  const noteError = (): void => {
    const { path, line } = place();
    firstError ??= { path, line };
  };
  const say = (what: string): void => {
    noteError();
    options.say(syntaxProblem(features, source.frame, { line: place().line, what }));
  };
  const includeFailed = (failure: IncludeFailure): void => {
    if (failure === 'failed') noteError();
    if (failure === 'too many levels') say('too many levels of includes');
  };
  const source: TokenSource = createTokenSource({ ...options, complain: say, includeFailed });
  const peek = (): Token => (ahead ??= source.next());
  const take = (): Token => {
    const token = peek();
    ahead = null;
    return token;
  };
  const report = (what: string): void => {
    if (ahead?.kind !== 'ERROR') say(what);
    else if (features.lexerErrorsWait) {
      if (ahead.text === '') noteError();
      else say(ahead.text);
      // The lexer's words are used up: of the same token again, nothing more is said.
      ahead = { ...ahead, text: '' };
    } else if (features.reservedAliasNames) noteError();
    else say(what);
  };
  const stumble = (): never => {
    report('syntax error');
    throw new Stumble();
  };
  const parser: Parser = {
    features,
    peek,
    take,
    stumble,
    report,
    say,
    place,
    warn: (what) => {
      const { path, line, column } = place();
      const problem = { path, line, column, what, severity: 'warning' } as const;
      options.say({ problem, lines: [`${path}:${line}:${column}: ${what}`] });
    },
    takeIf: (kind) => {
      if (peek().kind !== kind) return false;
      ahead = null;
      return true;
    },
    expect: (kind) => (peek().kind === kind ? take() : stumble()),
  };
  return {
    parser,
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
    errors: () => ({ hasErrors: firstError !== null, firstError }),
  };
}
