import { isSpace } from './go-text.ts';
import { lexDollar } from './lex-parameter.ts';
import { createTextSink, fault, type Lexing, type LexRules, type Lookup } from './lexing.ts';

export interface LexedWords {
  readonly text: string;
  /** The text cut at white space that is neither quoted nor escaped; values of variables are cut too. */
  readonly words: readonly string[];
  /** Variables that were looked up and had no value. */
  readonly unmatched: ReadonlySet<string>;
}

/** Replaces variables, quotes and escapes in `source` by the rules. Throws `WordFault`. */
export function lexWords(source: string, rules: LexRules, lookup: Lookup): LexedWords {
  const lexing: Lexing = { source, rules, lookup, unmatched: new Set(), at: 0, depth: 0 };
  const { text, words } = lexUntil(lexing, undefined, rules.escapes);
  return { text, words, unmatched: lexing.unmatched };
}

/** Reads up to `stop`, which is taken too, or to the end of the source when `stop` is undefined. */
function lexUntil(
  lexing: Lexing,
  stop: string | undefined,
  escapes: LexRules['escapes'],
): { text: string; words: readonly string[] } {
  const output = createOutput(lexing);
  const { source, rules } = lexing;
  while (lexing.at < source.length) {
    const character = source.charAt(lexing.at);
    if (character === stop) {
      lexing.at += 1;
      return output.finish();
    }
    if (character === '$') output.splittable(lexVariable(lexing));
    else if (character === '<') output.solid(lexHeredocSign(lexing));
    else if (character === "'" && rules.quotes !== 'plain') output.solid(lexSingleQuoted(lexing));
    else if (character === '"' && rules.quotes !== 'plain') {
      output.solid(lexDoubleQuoted(lexing, escapes));
    } else if (character === rules.escape) {
      if (escapes === 'keep') output.solid(character);
      // An escape character at the end of the source escapes nothing and goes.
      output.solid(source.slice(lexing.at + 1, lexing.at + 2));
      lexing.at += 2;
    } else {
      output.splittable(character);
      lexing.at += 1;
    }
  }
  if (stop !== undefined) throw fault(lexing, `a substitution \${ lacks its ${stop}`);
  return output.finish();
}

function lexVariable(lexing: Lexing): string {
  return lexDollar(lexing, (stop, escapes) => lexUntil(lexing, stop, escapes).text);
}

interface Output {
  /** Text that is cut at white space. */
  splittable(text: string): void;
  /** Text that belongs to one word. */
  solid(text: string): void;
  finish(): { text: string; words: readonly string[] };
}

function createOutput(lexing: Lexing): Output {
  const sink = createTextSink(lexing);
  const words: string[] = [];
  let word: string[] = [];
  const endWord = (): void => {
    const text = word.join('');
    if (text !== '') words.push(text);
    word = [];
  };
  return {
    splittable(text) {
      sink.add(text);
      for (const character of text) {
        if (isSpace(character)) endWord();
        else word.push(character);
      }
    },
    solid(text) {
      sink.add(text);
      word.push(text);
    },
    finish() {
      endWord();
      return { text: sink.text(), words };
    },
  };
}

/** Keeps `<<` and the white space behind it together, so that `<< NAME` stays one word. */
function lexHeredocSign(lexing: Lexing): string {
  const pattern = /<<[\t\r ]*|</y;
  pattern.lastIndex = lexing.at;
  const text = pattern.exec(lexing.source)?.[0] ?? '<';
  lexing.at += text.length;
  return text;
}

/** Everything up to the next single quote, as it is. */
function lexSingleQuoted(lexing: Lexing): string {
  const end = lexing.source.indexOf("'", lexing.at + 1);
  if (end === -1) throw fault(lexing, 'a single quote is not closed');
  const inner = lexing.source.slice(lexing.at + 1, end);
  lexing.at = end + 1;
  return lexing.rules.quotes === 'keep' ? `'${inner}'` : inner;
}

/** Variables are replaced; the escape character escapes only `"`, `$` and itself, and stays before all others. */
function lexDoubleQuoted(lexing: Lexing, escapes: LexRules['escapes']): string {
  const { source, rules } = lexing;
  const sink = createTextSink(lexing);
  lexing.at += 1;
  while (lexing.at < source.length) {
    const character = source.charAt(lexing.at);
    if (character === '$') {
      sink.add(lexVariable(lexing));
      continue;
    }
    lexing.at += 1;
    if (character === '"') {
      return rules.quotes === 'keep' ? `"${sink.text()}"` : sink.text();
    }
    if (character === rules.escape) sink.add(lexQuotedEscape(lexing, escapes));
    else sink.add(character);
  }
  throw fault(lexing, 'a double quote is not closed');
}

/** What an escape character in double quotes, and the character behind it where it is escaped, become. */
function lexQuotedEscape(lexing: Lexing, escapes: LexRules['escapes']): string {
  const { escape } = lexing.rules;
  const kept = escapes === 'keep' ? escape : '';
  const next = lexing.source.charAt(lexing.at);
  if (next !== '"' && next !== '$' && next !== escape) return kept + escape;
  lexing.at += 1;
  return kept + next;
}
