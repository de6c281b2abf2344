import type { FileAndLine } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { Token, TokenKind } from './tokens.ts';

/** Thrown where the text makes no sense, and has been said to; the rest of the entry is skipped. */
export class Stumble extends Error {}

/** What the parts of the parser share. */
export interface Parser {
  readonly features: ClassicFeatures;
  peek(): Token;
  /** The token at hand, which is then gone. */
  take(): Token;
  takeIf(kind: TokenKind): boolean;
  expect(kind: TokenKind): Token;
  stumble(): never;
  /** Says what is wrong at the last token that was read, or what the lexer found wrong with that; then the parser goes on. */
  report(what: string): void;
  /** As report, whatever the lexer found. */
  say(what: string): void;
  /** Says something that is no error. */
  warn(what: string): void;
  /** The place of the last token that was read. */
  place(): FileAndLine & { readonly column: number };
}

export function refuse(parser: Parser, what: string): never {
  parser.report(what);
  throw new Stumble();
}
