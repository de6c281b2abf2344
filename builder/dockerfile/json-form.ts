import { trimStart } from './go-text.ts';

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
