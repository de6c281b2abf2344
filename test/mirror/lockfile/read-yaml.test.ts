import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isMap,
  isScalar,
  isSeq,
  parse,
  parseDocument,
  stringify,
  type ToStringOptions,
} from 'yaml';
import { readYaml } from '../../../mirror/lockfile/read-yaml.ts';
import type { SourceNode } from '../../../mirror/lockfile/source-tree.ts';
import { plainValue, scalarsOf } from './plain-value.ts';

/** What the full parser gives, all scalars as strings. */
function fullParse(text: string): unknown {
  return parse(text, { schema: 'failsafe', version: '1.2' });
}

function read(text: string): SourceNode {
  const [first] = readYaml(text, 'test.yaml');
  if (first === undefined) throw new TypeError('no document');
  return first;
}

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b-c',
    '@scope/x',
    'true',
    '1.0',
    '~',
    'null',
    '-',
    '- x',
    'a: b',
    'a #b',
    '#',
  ),
  fc.constantFrom(
    'https://host.test/x.tgz',
    '>=1 <2',
    '*',
    "it's",
    'say "x"',
    '{',
    '[x]',
    ', ',
    ' pad ',
  ),
  fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' })
    // As a key it would merge, and is refused.
    .filter((text) => text !== '<<'),
);
const { tree: anyTree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    word,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const anyDocument = fc.dictionary(word, anyTree, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
const anyStyle: fc.Arbitrary<ToStringOptions> = fc
  .record({
    indent: fc.constantFrom(2, 4),
    indentSeq: fc.boolean(),
    // 0 folds nothing; small widths fold nearly everything, as formatters do.
    lineWidth: fc.constantFrom(0, 20, 80),
    singleQuote: fc.constantFrom(null, true, false),
    collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
    flowCollectionPadding: fc.boolean(),
  })
  // Together these write `[]` in the first column, which is no YAML.
  .filter(({ indentSeq, collectionStyle }) => indentSeq || collectionStyle !== 'block');

describe('reading YAML', () => {
  it('gives what a full parser gives', () => {
    const property = fc.property(
      anyDocument,
      anyStyle,
      fc.constantFrom('\n', '\r\n'),
      (value, style, lineBreak) => {
        const text = stringify(value, {
          ...style,
          schema: 'failsafe',
          aliasDuplicateObjects: false,
        }).replaceAll('\n', lineBreak);
        fc.pre(!/(?:^|\s)[?|>]\s|[|>][-+\d]*\r?$/m.test(text));
        const folded = scalarsOf(read(text)).some(({ form }) => form === 'folded');
        // Folded scalars are given as they stand, and so are none of a package manager's facts.
        if (!folded) expect(plainValue(read(text))).toEqual(fullParse(text));
      },
    );
    fc.assert(property, { numRuns: 800 });
  });

  it('knows where each scalar stands', () => {
    const property = fc.property(anyDocument, anyStyle, (value, style) => {
      const text = stringify(value, { ...style, lineWidth: 0, schema: 'failsafe' });
      fc.pre(!/[|>][-+\d]*$/m.test(text));
      expect(placesOf(read(text))).toEqual(fullPlaces(text));
    });
    fc.assert(property, { numRuns: 400 });
  });

  it.each([
    ['empty values', 'a:\nb:\n  c:\nd: x\n', { a: null, b: { c: null }, d: 'x' }],
    ['a list in the column of its key', 'a:\n- x\n- y\nb: z\n', { a: ['x', 'y'], b: 'z' }],
    [
      'lists of lists and of mappings',
      'a:\n  - - x\n    - y\n  - b: 1\n    c: 2\n',
      { a: [['x', 'y'], { b: '1', c: '2' }] },
    ],
    [
      'explicit keys',
      "? 'long'\n: x: 1\n  y: 2\n? b\n:\n  z: 3\n",
      { long: { x: '1', y: '2' }, b: { z: '3' } },
    ],
    [
      'flow over lines',
      'a:\n  {\n    b: c,\n    d: [e, "f"],\n  }\n',
      { a: { b: 'c', d: ['e', 'f'] } },
    ],
    ['comments', '# one\na: b # two\n#three\nc: d#no\n', { a: 'b', c: 'd#no' }],
    ['escapes', String.raw`a: "x\/\u0040\x41\"\\"`, { a: 'x/@A"\\' }],
    ['a byte order mark', '\uFEFFa: b\nc: d\n', { a: 'b', c: 'd' }],
    ['no final line break', 'a:\n  b: c', { a: { b: 'c' } }],
    [
      'a colon within a word',
      'a: https://h.test:8080/x\nb: c:d\n',
      { a: 'https://h.test:8080/x', b: 'c:d' },
    ],
  ])('reads %s', (_name, text, value) => {
    expect(plainValue(read(text))).toEqual(value);
    expect(withoutEmpty(plainValue(read(text)))).toEqual(withoutEmpty(fullParse(text)));
  });

  it('goes past text over several lines', () => {
    const text = 'a: |-\n  x: y\n\n  # z\nb: >\n  w\nc: one\n  two\n  three\nd: "e\n  f"\ng: h\n';
    const read1 = read(text);
    expect(Object.keys(plainValue(read1) as object)).toEqual(['a', 'b', 'c', 'd', 'g']);
    const last = scalarsOf(read1).at(-1);
    expect([last?.value, last?.line, last?.form]).toEqual(['h', 12, 'bare']);
    expect(Object.keys(fullParse(text) as object)).toEqual(['a', 'b', 'c', 'd', 'g']);
  });

  it('reads several documents', () => {
    expect(readYaml('---\na: b\n---\nc: d\n...\n', 'x').map(plainValue)).toEqual([
      { a: 'b' },
      { c: 'd' },
    ]);
  });

  it.each([
    ['a: b\na: c\n', 2, 'stands twice'],
    ['a: {b: c, b: d}\n', 1, 'stands twice'],
    ['a:\n    b: c\n  d: e\n', 3, 'indented'],
    ['a:\n\tb: c\n', 2, 'tab'],
    ['a: &x b\n', 1, '&'],
    ['a: *x\n', 1, '*'],
    ['a: !!str b\n', 1, '!'],
    ['<<: b\n', 1, 'do not write'],
    ['%YAML 1.2\n---\na: b\n', 1, '%'],
    ['a: b: c\n', 1, 'colon'],
    ['a: {b: c\n', 2, 'never closed'],
    ['a: "b\n', 1, 'never closed'],
    ["a: 'b\n", 1, 'never closed'],
    ['a: "b" c\n', 1, 'more text'],
    ['a:\n  b: c\n  - d\n', 3, 'list item'],
    ['a\n', 1, ''],
    ['a: b\rc: d\n', 1, 'control'],
    ['a: b\0\n', 1, 'control'],
    [String.raw`a: "\q"`, 1, 'escape'],
  ])('refuses %j with its line', (text, line, word1) => {
    // A lone scalar is a document, but no lockfile.
    if (text === 'a\n') return expect(plainValue(read(text))).toBe('a');
    expect(() => readYaml(text, 'x.yaml')).toThrow(
      expect.objectContaining({
        code: 'lockfile_invalid',
        message: expect.stringMatching(
          new RegExp(`^x\\.yaml:${line}: .*${word1.replaceAll(/[*]/g, '\\$&')}`),
        ),
      }),
    );
  });

  it('ends with an error of its own on any text', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '? ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '#',
      '|',
      '>',
      '\\',
      '---',
      '&',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          readYaml(pieces.join(''), 'x');
        } catch (error) {
          expect(error).toMatchObject({ code: 'lockfile_invalid' });
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['[', '{a: ', 'a:\n', '- '])('refuses 100,000 levels of %j', (opening) => {
    const text =
      opening === 'a:\n'
        ? Array.from({ length: 1000 }, (_none, depth) => `${' '.repeat(depth)}a:\n`).join('')
        : `a: x\nb:\n  ${opening.repeat(100_000)}`;
    expect(() => readYaml(text, 'x')).toThrow(/levels deep/);
  });

  it('reads 5 MB in less time than a full parser takes for a fifth of it', () => {
    const entry = (index: number): string =>
      `  pkg${index}@1.0.0:\n    resolution: {integrity: sha512-${'x'.repeat(86)}==}\n    engines: {node: '>=6'}\n\n`;
    const make = (count: number): string =>
      `packages:\n\n${Array.from({ length: count }, (_none, index) => entry(index)).join('')}`;
    const whole = make(33_000);
    expect(whole.length).toBeGreaterThan(5_000_000);
    const cpuMs = (work: () => void): number => {
      const before = process.cpuUsage();
      work();
      return process.cpuUsage(before).user / 1000;
    };
    const own = cpuMs(() => void read(whole));
    const fifth = make(6600);
    expect(own).toBeLessThan(cpuMs(() => void parseDocument(fifth)));
  });
});

/** Text, start and end of each scalar, in order, without quotes. */
function placesOf(node: SourceNode): unknown[] {
  return scalarsOf(node)
    .filter(({ form }) => form !== 'folded')
    .map(({ value, start, end }) => [value, start, end]);
}

function fullPlaces(text: string): unknown[] {
  const found: unknown[] = [];
  const visit = (node: unknown): void => {
    if (isMap(node)) for (const { value } of node.items) visit(value);
    else if (isSeq(node)) for (const item of node.items) visit(item);
    else if (isScalar(node) && node.range) {
      const [start, end] = node.range;
      const quotes = node.type === 'PLAIN' ? 0 : 1;
      const isFolded = text.slice(start, end).includes('\n');
      if (!isFolded) found.push([node.value, start + quotes, end - quotes]);
    }
  };
  visit(parseDocument(text, { schema: 'failsafe' }).contents);
  return found;
}

/** The full parser has empty text where nothing is. */
function withoutEmpty(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('null', '""'));
}
