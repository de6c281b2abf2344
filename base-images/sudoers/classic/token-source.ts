import type { FileAndLine } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import { type Frame, newFrame, type PendingFile } from './frames.ts';
import { createLexer } from './lexer.ts';
import type { Token } from './tokens.ts';

/** Where the parser's files come from. */
export interface IncludeSource {
  /** Opens what an include names; `nothing` where there is nothing to read, which is no error. */
  open(
    request: IncludeRequest,
  ): { readonly files: readonly PendingFile[] } | IncludeFailure | 'nothing';
}

/**
 * `failed`: it could not be read, and the source has said why. `too many levels`: the parser says so itself, with the place. `silently`: not even
 * an error is noted.
 */
export type IncludeFailure = 'failed' | 'failed silently' | 'too many levels';

export interface IncludeRequest {
  readonly how: 'include' | 'includedir';
  readonly path: string;
  readonly from: FileAndLine;
  /** How many files are being read already, but for the main one. */
  readonly depth: number;
}

export interface TokenSourceOptions {
  readonly features: ClassicFeatures;
  readonly main: { readonly path: string; readonly text: string };
  readonly includes: IncludeSource;
  readonly strict: boolean;
  /** Says what is wrong at the token that is being read. */
  complain(what: string): void;
  /** An include within the tokens could not be read. */
  includeFailed(failure: IncludeFailure): void;
}

/** The tokens of all files, one after the other: an included file's come where it is included. */
export interface TokenSource {
  /** The file that is being read. */
  readonly frame: Frame;
  next(): Token;
  /** Goes on with what the include names. Null where that was done, or where there was nothing to read. */
  include(how: IncludeRequest['how'], path: string): IncludeFailure | null;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { features, complain } = options;
  const lexer = createLexer({ features, strict: options.strict, complain });
  let frame = newFrame(options.main, []);
  const outer: Frame[] = [];
  let ended = false;

  const pop = (): void => {
    const opened = firstOpened(frame.more);
    const last = opened ?? outer.pop();
    if (last === undefined) ended = true;
    else frame = last;
  };
  const include = (how: IncludeRequest['how'], path: string): IncludeFailure | null => {
    // The newline after the path has been read, but by versions that take the include for a comment.
    const line = features.atInclude ? frame.lineNumber - 1 : frame.lineNumber;
    const opened = options.includes.open({
      how,
      path,
      from: { path: frame.path, line },
      depth: outer.length,
    });
    if (opened === 'nothing') return null;
    if (typeof opened === 'string') return opened;
    const first = firstOpened(opened.files);
    if (first === null) return null;
    outer.push(frame);
    frame = first;
    return null;
  };
  const includeWithin = (token: Token): void => {
    const failure = include(
      token.text === 'includedir' ? 'includedir' : 'include',
      token.args ?? '',
    );
    if (failure === null) return;
    options.includeFailed(failure);
    ended = true;
  };
  const next = (): Token => {
    for (;;) {
      if (ended) return endToken;
      const token = lexer.next(frame);
      if (token === null) pop();
      else if (token.kind === 'INCLUDE' && !features.atInclude) includeWithin(token);
      else {
        const saysItself = features.reservedAliasNames && !features.lexerErrorsWait;
        if (token.kind === 'ERROR' && token.text !== '' && saysItself) complain(token.text);
        return token;
      }
    }
  };
  return {
    get frame() {
      return frame;
    },
    next,
    include,
  };
}

const endToken: Token = { kind: 'END', text: '', args: null };

function firstOpened(files: readonly PendingFile[]): Frame | null {
  for (const [index, open] of files.entries()) {
    const file = open();
    if (file !== null) return newFrame(file, files.slice(index + 1));
  }
  return null;
}
