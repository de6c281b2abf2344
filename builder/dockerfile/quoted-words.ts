import { isSpace } from './go-text.ts';
import type { EscapeCharacter } from './parser-directives.ts';

/**
 * Cuts text at white space that is neither quoted nor escaped. Quotes and escapes stay in the words, which are
 * expanded later; an escape character at the very end goes. As ENV, LABEL and ARG have it.
 */
export function splitQuotedWords(text: string, escape: EscapeCharacter): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1;
    if (at >= text.length) break;
    const { word, end } = readWord(text, at, escape);
    if (word !== '') words.push(word);
    at = end;
  }
  return words;
}

function readWord(
  text: string,
  start: number,
  escape: EscapeCharacter,
): { word: string; end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === '' && isSpace(character)) break;
    if (character === escape && quote !== "'") {
      if (at + 1 === text.length) continue;
      word += character + text.charAt(at + 1);
      at += 1;
      continue;
    }
    if (quote === '' && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = '';
    word += character;
  }
  return { word, end: at };
}
