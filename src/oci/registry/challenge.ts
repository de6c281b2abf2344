/** One way in that a registry offers with a 401 (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const maxHeaderLength = 16 * 1024;
const tokenPattern = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;

/**
 * Reads a WWW-Authenticate header, which may hold several challenges. What cannot be read ends the list:
 * the challenges before it still count.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const text = header.slice(0, maxHeaderLength);
  let at = skip(text, 0, /[\s,]*/y);
  while (at < text.length) {
    const word = match(text, at, tokenPattern);
    if (word === '') break;
    at = skip(text, at + word.length, /\s*/y);
    const current = challenges.at(-1);
    if (current !== undefined && text[at] === '=') {
      const { value, end } = parameterValue(text, skip(text, at + 1, /\s*/y));
      current.parameters.set(word.toLowerCase(), value);
      at = end;
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    }
    at = skip(text, at, /[\s,]*/y);
  }
  return challenges;
}

function parameterValue(text: string, at: number): { value: string; end: number } {
  if (text[at] !== '"') {
    const value = match(text, at, /[^\s,"]*/y);
    return { value, end: at + value.length };
  }
  const quoted = match(text, at, /"(?:[^"\\]|\\.)*"?/sy);
  const inner = quoted.slice(1, quoted.length > 1 && quoted.endsWith('"') ? -1 : undefined);
  return { value: inner.replaceAll(/\\(.)/gs, '$1'), end: at + quoted.length };
}

function skip(text: string, at: number, pattern: RegExp): number {
  return at + match(text, at, pattern).length;
}

function match(text: string, at: number, pattern: RegExp): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
