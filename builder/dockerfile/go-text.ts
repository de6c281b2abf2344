/**
 * Text as Docker's frontend sees it, which is written in Go: white space is Unicode's White_Space (so with
 * U+0085, and without the U+FEFF that JavaScript's `trim` removes).
 */
const space = '\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const oneSpace = new RegExp(`^[${space}]$`);
const leadingSpaces = new RegExp(`^[${space}]+`);
const onlySpaces = new RegExp(`^[${space}]*$`);

/** The characters at which Docker cuts an instruction into words. */
const wordBreak = /[\t\v\f\r ]+/;

export function isSpace(character: string): boolean {
  return oneSpace.test(character);
}

export function isBlank(text: string): boolean {
  return onlySpaces.test(text);
}

export function trimStart(text: string): string {
  return text.replace(leadingSpaces, '');
}

export function trim(text: string): string {
  const start = trimStart(text);
  let end = start.length;
  while (end > 0 && isSpace(start.charAt(end - 1))) end -= 1;
  return start.slice(0, end);
}

/** The words of `text`, which has no white space at its ends; none when it is empty. */
export function splitWords(text: string): string[] {
  return text === '' ? [] : text.split(wordBreak);
}

/** The first word of `text` and what follows the white space behind it. */
export function splitFirstWord(text: string): { word: string; rest: string | undefined } {
  const found = wordBreak.exec(text);
  if (found === null) return { word: text, rest: undefined };
  return { word: text.slice(0, found.index), rest: text.slice(found.index + found[0].length) };
}
