import { type LexRules, type Lookup, WordFault } from './lexing.ts';
import type { EscapeCharacter } from './parser-directives.ts';
import { lexWords } from './word-lexer.ts';

export type { Lookup };
export { WordFault };

export interface Expansion {
  readonly escape: EscapeCharacter;
  readonly lookup: Lookup;
}

export interface ExpandedWord {
  readonly text: string;
  /** Variables in it that have no value. */
  readonly unmatched: ReadonlySet<string>;
}

/**
 * Expands one word as Docker does: variables and their substitutions are replaced, quotes and escapes taken out.
 * White space in values does not cut the word. Throws `WordFault` (an open quote or substitution, `${X?message}` of
 * an unset X, more than 1 MiB).
 *
 * Instructions whose words are expanded: ADD, ARG (defaults), COPY, ENV, EXPOSE, FROM, LABEL, STOPSIGNAL, USER,
 * VOLUME, WORKDIR and these in ONBUILD. RUN, CMD, ENTRYPOINT and HEALTHCHECK are left to the shell in the image.
 */
export function expandWord(word: string, { escape, lookup }: Expansion): ExpandedWord {
  return lexWords(word, rulesFor(escape), lookup);
}

/** As `expandWord`, and the result cut into words, as EXPOSE takes it. */
export function expandToWords(
  word: string,
  { escape, lookup }: Expansion,
): { words: readonly string[]; unmatched: ReadonlySet<string> } {
  return lexWords(word, rulesFor(escape), lookup);
}

/**
 * Expands the body of a here-document of COPY or ADD: variables are replaced, quotes are text, and a backslash
 * escapes the next character whatever the escape directive says, as in Docker's frontend.
 */
export function expandHeredoc(content: string, lookup: Lookup): ExpandedWord {
  return lexWords(content, { ...rulesFor('\\'), quotes: 'plain' }, lookup);
}

function rulesFor(escape: EscapeCharacter): LexRules {
  return { escape, quotes: 'process', escapes: 'process', unset: 'empty' };
}
