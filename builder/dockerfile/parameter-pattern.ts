import { WordFault } from './lexing.ts';

/**
 * The patterns of `${X#p}`, `${X%p}` and `${X/p/t}` as Docker has them: `*` is any text, `?` any character (neither a
 * line feed), `\*`, `\?` and `\\` are the characters themselves; brackets have no meaning.
 */
type Token =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'any' | 'many' };

type Extent = 'shortest' | 'longest';

/** Comparisons of a character with a part of a pattern in one substitution. */
const maxWork = 20_000_000;

export function removePrefix(value: string, pattern: string, extent: Extent): string {
  return removeStart(Array.from(value), tokensOf(pattern), extent).join('');
}

export function removeSuffix(value: string, pattern: string, extent: Extent): string {
  const reversed = removeStart(Array.from(value).reverse(), tokensOf(pattern).reverse(), extent);
  return reversed.reverse().join('');
}

export interface Replacement {
  readonly pattern: string;
  readonly text: string;
  readonly which: 'first' | 'all';
}

/** Replaces the leftmost, longest match, or all that follow each other. */
export function replaceMatches(value: string, { pattern, text, which }: Replacement): string {
  const characters = Array.from(value);
  const tokens = tokensOf(pattern);
  const work = { left: maxWork };
  const output: string[] = [];
  let at = 0;
  let lastEnd = -1;
  while (at <= characters.length) {
    const end = matchEnd(characters, { tokens, start: at, extent: 'longest', work });
    const found = end !== undefined && !(end === at && at === lastEnd);
    if (found) {
      output.push(text);
      lastEnd = end;
      if (which === 'first') return output.join('') + characters.slice(end).join('');
    }
    if (found && end > at) at = end;
    else {
      output.push(characters[at] ?? '');
      at += 1;
    }
  }
  return output.join('');
}

function removeStart(characters: string[], tokens: readonly Token[], extent: Extent): string[] {
  const work = { left: maxWork };
  const end = matchEnd(characters, { tokens, start: 0, extent, work });
  return end === undefined ? characters : characters.slice(end);
}

interface Match {
  readonly tokens: readonly Token[];
  readonly start: number;
  readonly extent: Extent;
  readonly work: { left: number };
}

/** Where the shortest or longest match that begins at `start` ends. All ways are followed at once, so time is bounded. */
function matchEnd(characters: readonly string[], match: Match): number | undefined {
  const { tokens, start, extent, work } = match;
  let reached = closure(tokens, new Set([0]));
  let end: number | undefined;
  for (let at = start; ; at += 1) {
    if (reached.has(tokens.length)) {
      end = at;
      if (extent === 'shortest') return end;
    }
    const character = characters[at];
    if (character === undefined || reached.size === 0) return end;
    work.left -= reached.size;
    if (work.left < 0) throw new WordFault('a pattern in it takes too long to match');
    const next = new Set<number>();
    for (const position of reached) {
      const token = tokens[position];
      if (token === undefined) continue;
      if (token.kind === 'many' && character !== '\n') next.add(position);
      else if (token.kind === 'any' && character !== '\n') next.add(position + 1);
      else if (token.kind === 'character' && token.character === character) next.add(position + 1);
    }
    reached = closure(tokens, next);
  }
}

/** Adds what is reached without a character: the place behind a `*`. */
function closure(tokens: readonly Token[], positions: Set<number>): Set<number> {
  for (const position of positions) {
    if (tokens[position]?.kind === 'many') positions.add(position + 1);
  }
  return positions;
}

function tokensOf(pattern: string): Token[] {
  const characters = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    let character = characters[at] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'many') tokens.push({ kind: 'many' });
      continue;
    }
    if (character === '?') {
      tokens.push({ kind: 'any' });
      continue;
    }
    if (character === '\\') {
      at += 1;
      character = characters[at] ?? '';
      if (!/^[*?\\}/]$/.test(character)) {
        throw new WordFault(`the pattern ${JSON.stringify(pattern)} has a \\ that escapes nothing`);
      }
    }
    tokens.push({ kind: 'character', character });
  }
  return tokens;
}
