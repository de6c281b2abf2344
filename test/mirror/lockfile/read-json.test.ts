import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../mirror/lockfile/read-json.ts';
import { plainValue, scalarsOf } from './plain-value.ts';

describe('reading JSON', () => {
  it('gives what JSON.parse gives, and knows where each value stands', () => {
    const property = fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
      fc.constantFrom(0, 2, '\t'),
      fc.constantFrom('', '\uFEFF'),
      (value, indent, mark) => {
        const body = JSON.stringify(value, null, indent);
        const text = `${mark}${body}\n`;
        const node = readJson(text, 'x', 'plain');
        // Negative zero and __proto__ are the same to both.
        expect(plainValue(node)).toEqual(JSON.parse(body));
        for (const { start, end, form, value: found } of scalarsOf(node)) {
          const quote = form === 'json' ? '"' : '';
          expect(JSON.parse(`${quote}${text.slice(start, end)}${quote}`)).toEqual(found);
        }
      },
    );
    fc.assert(property, { numRuns: 400 });
  });

  it('reads comments and trailing commas where they are allowed, and only there', () => {
    const text = '// one\n{"a": [1, /* two */ 2,],\n}\n';
    expect(plainValue(readJson(text, 'x', 'commented'))).toEqual({ a: [1, 2] });
    for (const bad of [text, '{"a": 1,}', '[1,]']) {
      expect(() => readJson(bad, 'x', 'plain')).toThrow(/^x:\d: not well-formed JSON/);
    }
  });

  it.each([
    ['{"a": 1,\n "a": 2}', 2, 'stands twice'],
    [String.raw`{"a": 1, "\u0061": 2}`, 1, 'stands twice'],
    ['{"a": {"b": 1\n, "b": 2}}', 2, 'stands twice'],
    ['{"a": 1} x', 1, 'well-formed'],
    ['{"a": 1}{"b": 2}', 1, 'well-formed'],
    ["{'a': 1}", 1, 'well-formed'],
    ['{"a": "b\n"}', 1, 'well-formed'],
    ['{\n"a"\n1}', 3, 'well-formed'],
    ['', 1, ''],
    ['[[[[[[[[[['.repeat(10_000), 1, 'levels deep'],
    ['{"a":'.repeat(100_000), 1, 'levels deep'],
  ])('refuses %.40j with its line', (text, line, word) => {
    expect(() => readJson(text, 'x', 'plain')).toThrow(
      expect.objectContaining({
        code: 'lockfile_invalid',
        message: expect.stringMatching(new RegExp(`^x:${line}: .*${word}`)),
      }),
    );
  });
});
