/** What the lexer tells apart. A character of punctuation stands for itself. */
export type TokenKind =
  | 'ALIAS'
  | 'ALL'
  | 'ALIASES'
  | 'COMMAND'
  | 'DEFAULTS'
  | 'DIGEST'
  | 'END'
  | 'ERROR'
  | 'HASH'
  | 'INCLUDE'
  | 'NAME'
  | 'NETGROUP'
  | 'NETWORK'
  | 'NO_MATCH'
  | 'OPTION'
  | 'TAG'
  | 'USERGROUP'
  | 'WORD'
  | '\n'
  | '!'
  | '('
  | ')'
  | '+'
  | ','
  | '-'
  | ':'
  | '=';

export interface Token {
  readonly kind: TokenKind;
  /**
   * COMMAND: the path. DEFAULTS: what stands after the word (`:`, `>`, `@`, `!`), or nothing. ALIASES: `User_Alias` and the like.
   * INCLUDE: `include` or `includedir`. ERROR: what is wrong. NAME: of a Defaults setting. Else the text without its escapes.
   */
  readonly text: string;
  /** COMMAND: its arguments, joined by spaces; null where there are none. */
  readonly args: string | null;
}

/** The tags of a command, each with the version that brought it. */
export const tagNames: ReadonlySet<string> = new Set([
  'NOPASSWD',
  'PASSWD',
  'NOEXEC',
  'EXEC',
  'SETENV',
  'NOSETENV',
  'LOG_INPUT',
  'NOLOG_INPUT',
  'LOG_OUTPUT',
  'NOLOG_OUTPUT',
]);
export const mailTagNames: ReadonlySet<string> = new Set(['MAIL', 'NOMAIL']);
export const followTagNames: ReadonlySet<string> = new Set(['FOLLOW', 'NOFOLLOW']);
export const interceptTagNames: ReadonlySet<string> = new Set(['INTERCEPT', 'NOINTERCEPT']);
