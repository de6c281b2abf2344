import { trimStart } from './go-text.ts';
import { InstructionFault } from './problems.ts';

/**
 * What an instruction's arguments are when they may be a JSON list of strings: `list`; `not-strings`, a list with
 * something else in it; `malformed`, where somebody clearly meant a list and did not write JSON (as with single
 * quotes); `text`, everything else, for example the shell's `[ -f x ] && y`.
 */
export type JsonForm =
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'not-strings' | 'malformed' | 'text' };

/**
 * A quote right behind the bracket, or a quoted word and a comma. The shell's `[ "$a" = b ]` has a blank there and no
 * comma.
 */
const looksLikeList = /^\[(?:['"“‘]|\s+['"“‘].*?['"”’]\s*,)/s;

export function readJsonForm(text: string): JsonForm {
  const start = trimStart(text);
  if (!start.startsWith('[')) return { kind: 'text' };
  let value: unknown;
  try {
    value = JSON.parse(start);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: looksLikeList.test(start) ? 'malformed' : 'text' };
  }
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    return { kind: 'not-strings' };
  }
  return { kind: 'list', items: value };
}

/** Throws InstructionFault where a word has a NUL byte (`\\u0000` in JSON), which no path and no argument can have. */
export function refuseNul(words: readonly string[]): void {
  const index = words.findIndex((word) => word.includes('\0'));
  if (index === -1) return;
  throw new InstructionFault('a word of the list has a NUL byte', {
    hint: 'Take \\u0000 out; no path and no argument of a program can have it.',
    place: { word: index },
  });
}
