/**
 * The extended regular expression of POSIX (IEEE 1003.1, section 9.4) in JavaScript's words, as the C library takes it: a `)` too many
 * stands for itself. `(?i)` at the beginning folds letters. Null for what is none. Back references and equivalence classes match nothing.
 */
export function posixRegex(pattern: string): RegExp | null {
  const folds = pattern.startsWith('^(?i)');
  const source = translate(folds ? `^${pattern.slice(5)}` : pattern);
  try {
    return source === null ? null : new RegExp(source, folds ? 'is' : 's');
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The C library's words for what is wrong with an expression; null where nothing is. */
export function regexError(pattern: string): string | null {
  if (posixRegex(pattern) !== null) return null;
  const plain = pattern.replace(/\\[^]/g, '');
  if (/\[[^\]]*$/.test(plain)) return 'Unmatched [, [^, [:, [., or [=';
  const opens = plain.split('(').length > plain.split(')').length;
  return opens ? 'Unmatched ( or \\(' : 'Invalid preceding regular expression';
}

/** Null where a set has no end. */
function translate(pattern: string): string | null {
  let source = '';
  let depth = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    const next = pattern[index + 1];
    if (character === '\\' && next !== undefined) {
      source += /[A-Za-z0-9]/.test(next) ? next : `\\${next}`;
      index += 1;
    } else if (character === '[') {
      const set = readSet(pattern, index);
      if (set === null) return null;
      source += set.source;
      index = set.end;
    } else if (character === ')' && depth === 0) source += '\\)';
    else {
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      source += character;
    }
  }
  return source;
}

function readSet(pattern: string, start: number): { source: string; end: number } | null {
  let index = start + 1;
  let source = '[';
  if (pattern[index] === '^') {
    source += '^';
    index += 1;
  }
  for (let first = true; ; first = false) {
    const character = pattern[index];
    if (character === undefined) return null;
    if (character === ']' && !first) return { source: `${source}]`, end: index };
    const named = /^\[([:.=])([^\]]*)\1\]/.exec(pattern.slice(index, index + 20));
    if (named !== null) {
      source += named[1] === ':' ? (classes[named[2] ?? ''] ?? '') : '';
      index += named[0].length;
      continue;
    }
    source += '\\[]^'.includes(character) ? `\\${character}` : character;
    index += 1;
  }
}

const classes: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  space: '\\s',
  upper: 'A-Z',
  xdigit: 'A-Fa-f0-9',
};
