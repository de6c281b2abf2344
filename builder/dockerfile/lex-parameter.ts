import { fault, type Lexing, type LexRules, WordFault } from './lexing.ts';
import { removePrefix, removeSuffix, replaceMatches } from './parameter-pattern.ts';

/** Lexes on up to `stop` and gives the text before it. */
export type LexNested = (stop: string, escapes: LexRules['escapes']) => string;

const maxNesting = 50;
const namePattern = /\p{Nd}+|[@*#?$!-]|[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** Reads `$name` or `${...}` at the dollar sign and gives what it becomes; a `$` before anything else stays. */
export function lexDollar(lexing: Lexing, nested: LexNested): string {
  const { source, rules } = lexing;
  lexing.at += 1;
  if (source.charAt(lexing.at) === '{') {
    lexing.at += 1;
    return lexBraces(lexing, nested);
  }
  const name = lexName(lexing);
  if (name === '') return '$';
  return valueOf(lexing, name) ?? (rules.unset === 'keep' ? `$${name}` : '');
}

function lexBraces(lexing: Lexing, nested: LexNested): string {
  lexing.depth += 1;
  if (lexing.depth > maxNesting) throw fault(lexing, 'its substitutions are nested too deeply');
  if (lexing.at >= lexing.source.length) throw unclosed(lexing);
  if (/[{}:]/.test(lexing.source.charAt(lexing.at))) {
    throw fault(lexing, 'a substitution ${ has no name');
  }
  const text = lexSubstitution(lexing, nested);
  lexing.depth -= 1;
  return text;
}

function lexSubstitution(lexing: Lexing, nested: LexNested): string {
  const name = lexName(lexing);
  const modifier = takeCharacter(lexing);
  if (modifier === '') throw unclosed(lexing);
  if (modifier === '}') {
    return valueOf(lexing, name) ?? (lexing.rules.unset === 'keep' ? `\${${name}}` : '');
  }
  if (modifier === '/') return lexReplacement(lexing, name, nested);
  const colon = modifier === ':';
  const operator = colon ? takeCharacter(lexing) : modifier;
  const trims = operator === '#' || operator === '%';
  if (!/^[-+?#%]$/.test(operator) || (colon && trims)) {
    const written = colon ? `:${operator}` : operator;
    throw fault(lexing, `the substitution \${${name}${written}...} is not one that Docker knows`);
  }
  const word = lexNested(lexing, nested, { stop: '}', escapes: trims ? 'keep' : 'process' });
  const value = valueOf(lexing, name);
  if (value === undefined && lexing.rules.unset === 'keep') {
    return `\${${name}${colon ? ':' : ''}${operator}${word}}`;
  }
  if (trims) return trimValue(lexing, { value: value ?? '', operator, word });
  return chooseValue(lexing, { name, value, operator, word, emptyIsUnset: colon });
}

interface Choice {
  readonly name: string;
  readonly value: string | undefined;
  readonly operator: string;
  readonly word: string;
  readonly emptyIsUnset: boolean;
}

function chooseValue(lexing: Lexing, choice: Choice): string {
  const { name, value, operator, word, emptyIsUnset } = choice;
  const present = value !== undefined && !(emptyIsUnset && value === '');
  if (operator === '-') return present ? value : word;
  if (operator === '+') return present ? word : '';
  if (present) return value;
  const reason = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
  throw fault(lexing, `${name}: ${word === '' ? reason : word}`);
}

function trimValue(
  lexing: Lexing,
  { value, operator, word }: { value: string; operator: string; word: string },
): string {
  const longest = word.startsWith(operator);
  const pattern = longest ? word.slice(1) : word;
  const extent = longest ? 'longest' : 'shortest';
  return withPattern(lexing, () =>
    operator === '#' ? removePrefix(value, pattern, extent) : removeSuffix(value, pattern, extent),
  );
}

/** `${name/pattern/text}` and `${name//pattern/text}`, behind the first slash. */
function lexReplacement(lexing: Lexing, name: string, nested: LexNested): string {
  const all = lexing.source.charAt(lexing.at) === '/';
  if (all) lexing.at += 1;
  const pattern = lexNested(lexing, nested, { stop: '/', escapes: 'keep' });
  const text = lexNested(lexing, nested, { stop: '}', escapes: 'keep' });
  const value = valueOf(lexing, name);
  if (value === undefined && lexing.rules.unset === 'keep') {
    return `\${${name}/${pattern}/${text}}`;
  }
  return withPattern(lexing, () =>
    replaceMatches(value ?? '', { pattern, text, which: all ? 'all' : 'first' }),
  );
}

function lexNested(
  lexing: Lexing,
  nested: LexNested,
  { stop, escapes }: { stop: string; escapes: LexRules['escapes'] },
): string {
  if (lexing.at > lexing.source.length) throw unclosed(lexing);
  return nested(stop, escapes);
}

/** Gives a fault of the pattern the names that were looked up. */
function withPattern(lexing: Lexing, apply: () => string): string {
  try {
    return apply();
  } catch (error) {
    if (error instanceof WordFault) throw fault(lexing, error.message);
    throw error;
  }
}

function lexName(lexing: Lexing): string {
  namePattern.lastIndex = lexing.at;
  const name = namePattern.exec(lexing.source)?.[0] ?? '';
  lexing.at += name.length;
  return name;
}

function takeCharacter(lexing: Lexing): string {
  const character = lexing.source.charAt(lexing.at);
  lexing.at += 1;
  return character;
}

function valueOf(lexing: Lexing, name: string): string | undefined {
  const value = lexing.lookup(name);
  if (value === undefined) lexing.unmatched.add(name);
  return value;
}

function unclosed(lexing: Lexing): WordFault {
  return fault(lexing, 'a substitution ${ lacks its }');
}
