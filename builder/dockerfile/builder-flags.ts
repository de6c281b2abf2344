import { isSpace, trim } from './go-text.ts';
import type { EscapeCharacter } from './parser-directives.ts';

export interface SplitFlags {
  /** Words that begin with `--`, quotes and escapes taken out. */
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Takes the flags off the front of an instruction's arguments, by Docker's rules for quotes and escapes. */
export function splitFlags(text: string, escape: EscapeCharacter): SplitFlags {
  const flags: string[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1;
    if (!text.startsWith('--', at)) return { flags, rest: trim(text.slice(at)) };
    const flag = readFlag(text, at, escape);
    at = flag.end;
    if (flag.text === '--') return { flags, rest: trim(text.slice(at)) };
    flags.push(flag.text);
  }
  return { flags, rest: '' };
}

function readFlag(
  text: string,
  start: number,
  escape: EscapeCharacter,
): { text: string; end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    let character = text.charAt(at);
    if (quote === '' && isSpace(character)) break;
    if (character === quote) {
      quote = '';
      continue;
    }
    if (quote === '' && (character === "'" || character === '"')) {
      quote = character;
      continue;
    }
    if (character === escape) {
      at += 1;
      character = text.charAt(at);
    }
    word += character;
  }
  return { text: word, end: Math.min(at, text.length) };
}
