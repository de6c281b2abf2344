import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTomlStatements } from '../../../registry-cache/clients/toml-statements.ts';
import { judgeToml, whyNoTomlJudge } from './support/client-root.ts';

const whyNoJudge = await whyNoTomlJudge();

function brief(text: string): readonly string[] | null {
  const statements = readTomlStatements(text);
  return (
    statements?.map(({ kind, path, value }) =>
      value === null ? `${kind} ${path.join('|')}` : `${path.join('|')}=${value.text}`,
    ) ?? null
  );
}

describe('the statements of a TOML file', () => {
  it('are headers and values with their whole paths', () => {
    const text = `# one
a = 1 # two
"b.c".d = 'e # f'
 [ g . "h" ] # three
i = [ # four ]
  ["j]", 'k['], # ]
  { l = "\\"]" },
]
m = { n = [1, 2], o.p = "q" }
[[r]]
s = 1979-05-27 07:32:00Z
t = -1.5e3
u=true
[[r.v]]
`;
    expect(brief(text)).toEqual([
      'a=1',
      `b.c|d='e # f'`,
      'table g|h',
      `g|h|i=[ # four ]\n  ["j]", 'k['], # ]\n  { l = "\\"]" },\n]`,
      'g|h|m={ n = [1, 2], o.p = "q" }',
      'tables r',
      'r|s=1979-05-27 07:32:00Z',
      'r|t=-1.5e3',
      'r|u=true',
      'tables r|v',
    ]);
    const statements = readTomlStatements(text) ?? [];
    for (const { start, end } of statements) expect(text[end - 1], String(start)).toBe('\n');
  });

  it('may be none, and may lack the last newline', () => {
    expect(brief('')).toEqual([]);
    expect(brief(' \n\t# x')).toEqual([]);
    expect(brief('a = 1')).toEqual(['a=1']);
    expect(brief('a = 1\r\n[b]\r\n')).toEqual(['a=1', 'table b']);
  });

  it.each([
    'a',
    'a =',
    '= 1',
    'a = 1 b = 2',
    '[a',
    '[]',
    '[a] b',
    '[[a]',
    'a = [1',
    'a = [}',
    'a = "x',
    "a = 'x",
    'a = """x"""',
    'a = ["""x"""]',
    'a. = 1',
    'a = {b = "}',
    '\0',
  ])('are none in %j', (text) => {
    expect(readTomlStatements(text)).toBeNull();
  });

  it('of any text are read or not, and end', () => {
    const piece = fc.constantFrom(...'[]{}="\'.,#\n\\ ab1'.split(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        let at = 0;
        for (const { start, end } of readTomlStatements(text) ?? []) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          at = end;
        }
        expect(at).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 3_000 },
    );
  });

  it.skipIf(whyNoJudge !== '')(`have the values another reader finds ${whyNoJudge}`, async () => {
    const key = fc.stringMatching(/^[a-z]{1,4}$/);
    const value = fc.oneof(
      fc.integer().map(String),
      fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text).replaceAll('\u007f', '')),
      fc
        .array(fc.constantFrom('"]"', "'['", '# ]\n1', '{a=1}'), { maxLength: 3 })
        .map((each) => `[${each.map((item) => `\n${item},`).join('')}\n]`),
    );
    const table = fc.tuple(
      key,
      fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 3 }),
    );
    const file = fc.uniqueArray(table, { selector: ([name]) => name, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(file, async (tables) => {
        const text = tables
          .map(
            ([name, pairs]) =>
              `[${name}]\n${pairs.map(([at, each]) => `${at} = ${each}\n`).join('')}`,
          )
          .join('');
        const judged = (await judgeToml(text)) as Record<string, Record<string, unknown>>;
        const expected = Object.entries(judged).flatMap(([name, own]) =>
          Object.keys(own).map((at) => `${name}|${at}`),
        );
        const found = (readTomlStatements(text) ?? []).filter(({ kind }) => kind === 'value');
        expect(found.map(({ path }) => path.join('|')).toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 25 },
    );
  });
});
