/**
 * fnmatch(3): `*`, `?`, `[…]` with ranges, classes and `!` or `^`, and backslashes. With `pathname` none of them matches a slash. As long as
 * pattern times text at most.
 */
export function matchesShellPattern(
  pattern: string,
  text: string,
  options: { readonly pathname: boolean },
): boolean {
  const parts = parse(pattern);
  let part = 0;
  let at = 0;
  /** Where the last `*` stands, and how far it has reached. */
  let star = -1;
  let reached = 0;
  for (;;) {
    const one = parts[part];
    const character = text[at];
    if (one === undefined && character === undefined) return true;
    if (one === 'any') {
      star = part;
      reached = at;
      part += 1;
      continue;
    }
    if (
      one !== undefined &&
      character !== undefined &&
      matchesOne(one, character, options.pathname)
    ) {
      part += 1;
      at += 1;
      continue;
    }
    if (star === -1 || reached >= text.length || (options.pathname && text[reached] === '/'))
      return false;
    reached += 1;
    part = star + 1;
    at = reached;
  }
}

type Part = 'any' | { readonly one: string } | { readonly set: (character: string) => boolean };

function matchesOne(part: Exclude<Part, 'any'>, character: string, pathname: boolean): boolean {
  if ('one' in part)
    return part.one === '' ? !(pathname && character === '/') : part.one === character;
  return !(pathname && character === '/') && part.set(character);
}

function parse(pattern: string): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '*') {
      if (parts.at(-1) !== 'any') parts.push('any');
    } else if (character === '?') parts.push({ one: '' });
    else if (character === '\\' && index + 1 < pattern.length) {
      index += 1;
      parts.push({ one: pattern[index] ?? '' });
    } else if (character === '[') {
      const set = parseSet(pattern, index);
      parts.push(set === null ? { one: '[' } : { set: set.matches });
      if (set !== null) index = set.end;
    } else parts.push({ one: character });
  }
  return parts;
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Null where no bracket ends it: then it stands for itself. */
function parseSet(
  pattern: string,
  start: number,
): { matches(character: string): boolean; end: number } | null {
  let index = start + 1;
  const negated = pattern[index] === '!' || pattern[index] === '^';
  if (negated) index += 1;
  const tests: ((character: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    const character = pattern[index];
    if (character === undefined) return null;
    if (character === ']' && !first) break;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(index, index + 12));
    const test = named === null ? undefined : classes[named[1] ?? ''];
    if (named !== null && test !== undefined) {
      tests.push((candidate) => test.test(candidate));
      index += named[0].length;
      continue;
    }
    const low = readSetCharacter(pattern, index);
    index = low.end;
    if (pattern[index] !== '-' || pattern[index + 1] === ']' || pattern[index + 1] === undefined) {
      tests.push((candidate) => candidate === low.character);
      continue;
    }
    const high = readSetCharacter(pattern, index + 1);
    index = high.end;
    tests.push((candidate) => candidate >= low.character && candidate <= high.character);
  }
  return { matches: (character) => tests.some((test) => test(character)) !== negated, end: index };
}

function readSetCharacter(pattern: string, index: number): { character: string; end: number } {
  const escaped = pattern[index] === '\\' && index + 1 < pattern.length;
  const at = escaped ? index + 1 : index;
  return { character: pattern[at] ?? '', end: at + 1 };
}
