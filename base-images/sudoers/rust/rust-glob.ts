import { matchesShellPattern } from '../shell-pattern.ts';

/** What the glob crate finds wrong with a pattern; null where nothing is. */
export function globError(pattern: string): string | null {
  const characters = Array.from(pattern);
  for (let index = 0; index < characters.length;) {
    const character = characters[index];
    if (character === '*') {
      const start = index;
      while (characters[index] === '*') index += 1;
      const count = index - start;
      if (count > 2)
        return errorAt(start + 2, 'wildcards are either regular `*` or recursive `**`');
      if (count === 2) {
        const before = start === 0 || characters[start - 1] === '/';
        const after = index === characters.length || characters[index] === '/';
        const components = 'recursive wildcards must form a single path component';
        if (!before) return errorAt(start - 1, components);
        if (!after) return errorAt(index, components);
        if (characters[index] === '/') index += 1;
      }
      continue;
    }
    if (character === '[') {
      const end = setEnd(characters, index);
      if (end === null) return errorAt(index, 'invalid range pattern');
      index = end + 1;
      continue;
    }
    index += 1;
  }
  return null;
}

function errorAt(position: number, what: string): string {
  return `Pattern syntax error near position ${position}: ${what}`;
}

/** `[` needs something in it, and a `]` after that. */
function setEnd(characters: readonly string[], start: number): number | null {
  const from = characters[start + 1] === '!' ? start + 3 : start + 2;
  if (from >= characters.length) return null;
  const end = characters.indexOf(']', from);
  return end === -1 ? null : end;
}

/** Patterns as the glob crate has them: no backslashes, `**` for any directories. */
export function matchesGlob(pattern: string, path: string): boolean {
  const plain = pattern.replaceAll('\\', '\\\\');
  if (!/(?:^|\/)\*\*(?:\/|$)/.test(pattern))
    return matchesShellPattern(plain, path, { pathname: true });
  return matchesParts(plain.split('/'), path.split('/'));
}

function matchesParts(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === '**') {
    if (rest.length === 0) return true;
    return path.some((_, index) => matchesParts(rest, path.slice(index)));
  }
  const [name] = path;
  return (
    name !== undefined &&
    matchesShellPattern(first, name, { pathname: true }) &&
    matchesParts(rest, path.slice(1))
  );
}
