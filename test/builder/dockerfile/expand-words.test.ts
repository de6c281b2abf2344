import { describe, expect, it } from 'vitest';
import {
  expandHeredoc,
  expandToWords,
  expandWord,
  WordFault,
} from '../../../builder/dockerfile/expand-words.ts';

const values = new Map([
  ['HOME', '/root'],
  ['SET', 'value'],
  ['EMPTY', ''],
  ['WORDS', ' one  two '],
  ['STR', 'foobarbaz'],
  ['FILE', '/usr/share/doc/readme.tar.gz'],
  ['LINES', 'a\nb'],
  ['STAR', '*'],
  ['Ünïcode_1', 'ok'],
]);
const lookup = (name: string): string | undefined => values.get(name);
const expand = (word: string, escape: '\\' | '`' = '\\'): string =>
  expandWord(word, { escape, lookup }).text;

describe('expandWord', () => {
  it.each([
    // Names end where letters, digits and underscores end.
    ['$SET', 'value'],
    ['${SET}', 'value'],
    ['x$SET.y', 'xvalue.y'],
    ['$SETx', ''],
    ['${SET}x', 'valuex'],
    ['$Ünïcode_1', 'ok'],
    // A dollar sign before anything else is one.
    ['$', '$'],
    ['a$', 'a$'],
    ['$.', '$.'],
    ['$(x)', '$(x)'],
    // Positional and special parameters have no value.
    ['a$1b', 'ab'],
    ['$12x', 'x'],
    ['$$SET', 'SET'],
    ['$@-$*-$#-$?-$!-$0', '-----'],
    ['${1:-d}', 'd'],
    ['${#}', ''],
    // Defaults, alternatives, and the difference that a colon makes.
    ['${UNSET:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${SET:-d}', 'value'],
    ['${UNSET-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${UNSET:+a}', ''],
    ['${EMPTY:+a}', ''],
    ['${SET:+a}', 'a'],
    ['${EMPTY+a}', 'a'],
    ['${UNSET+a}', ''],
    ['${SET:?needed}', 'value'],
    ['${EMPTY?needed}', ''],
    ['${UNSET:-}', ''],
    // Nesting.
    ['${UNSET:-${SET}}', 'value'],
    ['${UNSET:-${EMPTY:-${SET:+deep}}}', 'deep'],
    ['a${UNSET:-b${SET}c}d', 'abvaluecd'],
    ['${UNSET:-a{b}', 'a{b'],
    ['${UNSET:-a}}', 'a}'],
    ['${UNSET:-a\\}b}', 'a}b'],
    // Quotes.
    ["'$SET'", '$SET'],
    ["'a\\b'", 'a\\b'],
    ['"$SET"', 'value'],
    ['"a\'b"', "a'b"],
    ['a\'b\'"c"d', 'abcd'],
    ['""', ''],
    ['"${UNSET:-"x y"}"', 'x y'],
    // Escapes: outside quotes for every character, within double quotes for ", $ and itself.
    ['\\$SET', '$SET'],
    ['\\${SET}', '${SET}'],
    ['a\\tb', 'atb'],
    ['"a\\tb"', 'a\\tb'],
    ['"\\$SET\\"\\\\"', '$SET"\\'],
    ['a\\', 'a'],
    ['a\\\\', 'a\\'],
    ["it\\'s", "it's"],
    ['\\😀$SET', '😀value'],
    // White space in values does not cut the word.
    ['[$WORDS]', '[ one  two ]'],
  ])('%s becomes %j', (word, expected) => {
    expect(expand(word)).toBe(expected);
  });

  it.each([
    ['${STR#f*b}', 'arbaz'],
    ['${STR##f*b}', 'az'],
    ['${STR%b*}', 'foobar'],
    ['${STR%%b*}', 'foo'],
    ['${STR#b}', 'foobarbaz'],
    ['${STR#}', 'foobarbaz'],
    ['${STR#*}', 'foobarbaz'],
    ['${STR##*}', ''],
    ['${STR%?}', 'foobarba'],
    ['${STR#???}', 'barbaz'],
    ['${FILE##*/}', 'readme.tar.gz'],
    ['${FILE%/*}', '/usr/share/doc'],
    ['${FILE%%.*}', '/usr/share/doc/readme'],
    ['${STR/ba/fo}', 'fooforbaz'],
    ['${STR//ba/fo}', 'fooforfoz'],
    ['${STR/ba*/X}', 'fooX'],
    ['${STR//o/}', 'fbarbaz'],
    ['${STR/nothing/X}', 'foobarbaz'],
    ['${STR/$SET/X}', 'foobarbaz'],
    ['${FILE//\\//-}', '-usr-share-doc-readme.tar.gz'],
    ['${STR/ba/$SET}', 'foovaluerbaz'],
    // Brackets have no meaning, an escaped star is one, and no wildcard takes a line feed.
    ['${STR#[f]}', 'foobarbaz'],
    ['${STAR#\\*}', ''],
    ['${STR#\\*}', 'foobarbaz'],
    ['${LINES#*b}', 'a\nb'],
    ['${UNSET#x}', ''],
    ['${UNSET/x/y}', ''],
  ])('%s becomes %j', (word, expected) => {
    expect(expand(word)).toBe(expected);
  });

  it('takes the backtick for the escape character where the file says so', () => {
    expect(expand('C:\\dir\\`$SET-$SET', '`')).toBe('C:\\dir\\$SET-value');
    expect(expand('"a`"b\\"', '`')).toBe('a"b\\');
  });

  it.each([
    ['"open', /double quote is not closed/],
    ["'open", /single quote is not closed/],
    ['"escaped end\\"', /double quote/],
    ['${SET', /lacks its }/],
    ['${', /lacks its }/],
    ['${SET:-x', /lacks its }/],
    ['${SET/x', /lacks its/],
    ['${SET/x/y', /lacks its }/],
    ['${}', /has no name/],
    ['${:-x}', /has no name/],
    ['${{x}}', /has no name/],
    ['${.}', /not one that Docker knows/],
    ['${SET=x}', /\$\{SET=\.\.\.\} is not one that Docker knows/],
    ['${SET:=x}', /\$\{SET:=\.\.\.\}/],
    ['${SET:#x}', /\$\{SET:#\.\.\.\}/],
    ['${UNSET?}', /UNSET: is not allowed to be unset/],
    ['${EMPTY:?}', /EMPTY: is not allowed to be empty/],
    ['${UNSET:?say $SET}', /UNSET: say value/],
    ['${SET#a\\b}', /escapes nothing/],
  ])('%s is a fault', (word, message) => {
    expect(() => expand(word)).toThrow(WordFault);
    expect(() => expand(word)).toThrow(message);
  });

  it('says which variables had no value, also those of parts that are not used', () => {
    const { unmatched } = expandWord('$SET${A:-$B}${SET:+$C}${EMPTY}', { escape: '\\', lookup });
    expect([...unmatched].sort()).toEqual(['A', 'B', 'C']);
  });
});

describe('expandToWords', () => {
  it.each([
    ['$WORDS', ['one', 'two']],
    ['"$WORDS"', [' one  two ']],
    ['a$WORDS', ['a', 'one', 'two']],
    ['80${UNSET:-81}', ['8081']],
    ['a\\ b c', ['a b', 'c']],
    ['$UNSET', []],
  ])('%s becomes %j', (word, expected) => {
    expect(expandToWords(word, { escape: '\\', lookup }).words).toEqual(expected);
  });
});

describe('expandHeredoc', () => {
  it('leaves quotes alone, replaces variables, and takes one backslash off', () => {
    const body = '"$SET" \'$SET\' \\$SET \\\\ ${UNSET:-d}\n';
    expect(expandHeredoc(body, lookup).text).toBe('"value" \'value\' $SET \\ d\n');
  });
});

const longX = (name: string): string | undefined =>
  name === 'X' ? 'x'.repeat(100_000) : undefined;

describe('hostile words', () => {
  it('refuses a word that grows without end', () => {
    expect(() => expandWord('$X'.repeat(20), { escape: '\\', lookup: longX })).toThrow(
      /longer than/,
    );
    expect(() => expandWord(`"${'$X'.repeat(20)}"`, { escape: '\\', lookup: longX })).toThrow(
      /longer/,
    );
  });

  it('refuses substitutions that are nested without end', () => {
    const word = '${A:-'.repeat(100_000) + '}'.repeat(100_000);
    expect(() => expand(word)).toThrow(/nested too deeply/);
  });

  it('matches a pattern of many stars in bounded time', () => {
    const text = 'a'.repeat(20_000);
    const word = `\${X##${'*a'.repeat(30)}b}`;
    const started = performance.now();
    expect(expandWord(word, { escape: '\\', lookup: () => text }).text).toBe(text);
    const replace = `\${X//${'*a'.repeat(200)}b/}`;
    expect(() => expandWord(replace, { escape: '\\', lookup: () => text })).toThrow(
      /takes too long/,
    );
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
