import * as fc from 'fast-check';
import { compare, satisfies } from 'semver';
import { describe, expect, it } from 'vitest';
import { parseAdvisories } from '../../../../mirror/packument/policy/advisories.ts';

type Events = readonly Record<string, string>[];

function osv(affected: object, more: object = {}): object {
  return {
    id: 'MAL-1',
    affected: [{ package: { ecosystem: 'npm', name: 'a' }, ...affected }],
    ...more,
  };
}

function ranged(...events: Events): object {
  return osv({ ranges: [{ type: 'SEMVER', events }] });
}

function names(file: unknown, version: string): boolean {
  return parseAdvisories(JSON.stringify(file), 'f').find('a', version) !== null;
}

describe('OSV records', () => {
  it.each<[Events, string, boolean]>([
    [[{ introduced: '0' }], '0.0.0-alpha', true],
    [[{ introduced: '0' }, { fixed: '1.2.3' }], '1.2.2', true],
    [[{ introduced: '0' }, { fixed: '1.2.3' }], '1.2.3-rc.1', true],
    [[{ introduced: '0' }, { fixed: '1.2.3' }], '1.2.3', false],
    [[{ introduced: '1.0.0' }, { last_affected: '1.2.3' }], '1.2.3', true],
    [[{ introduced: '1.0.0' }, { last_affected: '1.2.3' }], '1.2.4', false],
    [[{ introduced: '1.0.0' }, { last_affected: '1.2.3' }], '0.9.0', false],
    [
      [{ fixed: '1.2.0' }, { introduced: '2.0.0' }, { introduced: '0' }, { fixed: '2.1.0' }],
      '1.5.0',
      false,
    ],
    [
      [{ fixed: '1.2.0' }, { introduced: '2.0.0' }, { introduced: '0' }, { fixed: '2.1.0' }],
      '2.0.5',
      true,
    ],
    [[{ introduced: '0' }, { limit: '2.0.0' }], '1.9.9', true],
    [[{ introduced: '0' }, { limit: '2.0.0' }], '2.0.0', false],
    [[{ introduced: '0' }, { limit: '*' }], '9.0.0', true],
    [[{ introduced: '1.2' }], '1.2.0', true],
    [[{ introduced: '1.0.0' }, { fixed: '1.2.3' }], 'no version', true],
    [[], '1.0.0', false],
  ])('%j and %s: %s', (events, version, isAffected) => {
    expect(names(ranged(...events), version)).toBe(isAffected);
  });

  it('agree with ranges of npm', () => {
    const version = fc
      .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '-a', '-b.1'))
      .map(([major, minor, patch, end]) => `${major}.${minor}.${patch}${end}`);
    fc.assert(
      fc.property(
        fc.uniqueArray(version, { minLength: 4, maxLength: 4 }),
        version,
        (bounds, asked) => {
          const [a = '', b = '', c = '', d = ''] = bounds.sort(compare);
          const record = ranged(
            { fixed: d },
            { introduced: a },
            { introduced: c },
            { last_affected: b },
          );
          const isAffected = satisfies(asked, `>=${a} <=${b} || >=${c} <${d}`, {
            includePrerelease: true,
          });
          expect(names(record, asked)).toBe(isAffected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('may list versions, and stand in an array', () => {
    const file = [osv({ versions: ['1.0.0', 'odd'] }), ranged({ introduced: '2.0.0' })];
    expect(['1.0.0', 'odd', '1.0.1', '2.0.0'].map((version) => names(file, version))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('count for npm alone, for their package alone, and not once withdrawn', () => {
    const elsewhere = {
      id: 'X',
      affected: [{ package: { ecosystem: 'PyPI', name: 'a' }, versions: ['1.0.0'] }],
    };
    expect(names(elsewhere, '1.0.0')).toBe(false);
    expect(
      names(osv({ versions: ['1.0.0'] }, { withdrawn: '2024-01-01T00:00:00Z' }), '1.0.0'),
    ).toBe(false);
    expect(
      parseAdvisories(JSON.stringify(osv({ versions: ['1.0.0'] })), 'f').find('b', '1.0.0'),
    ).toBe(null);
    const ofCommits = osv({ ranges: [{ type: 'GIT', repo: 'r', events: [{ introduced: '0' }] }] });
    expect(names(ofCommits, '1.0.0')).toBe(false);
  });

  it('are told with id and summary', () => {
    const { find, packageCount } = parseAdvisories(
      JSON.stringify([osv({ versions: ['1.0.0'] }, { summary: 'Bad' })]),
      'f',
    );
    expect(find('a', '1.0.0')).toEqual({ id: 'MAL-1', summary: 'Bad' });
    expect(packageCount).toBe(1);
  });
});

describe('the plain form', () => {
  it('takes versions and ranges', () => {
    const file = { a: ['1.2.3', '>=2.0.0 <2.1.0', '3.x'], __proto__: ['*'] };
    const asked = ['1.2.3', '1.2.4', '2.0.5', '2.1.0-rc.1', '2.1.0', '3.9.9', '4.0.0', 'odd'];
    expect(asked.filter((version) => names(file, version))).toEqual([
      '1.2.3',
      '2.0.5',
      '2.1.0-rc.1',
      '3.9.9',
      'odd',
    ]);
  });

  it('takes any key for a name', () => {
    const { find } = parseAdvisories('{"__proto__":["*"],"constructor":["1.0.0"]}', 'f');
    expect(find('__proto__', '1.0.0')).not.toBe(null);
    expect(find('constructor', '1.0.0')).not.toBe(null);
    expect(find('toString', '1.0.0')).toBe(null);
  });
});

describe('an advisory file that is none', () => {
  it.each([
    ['{"a":["1.0.0"', /^bad\.json is no JSON: .*position 13/],
    ['<html>', /^bad\.json is no JSON: /],
    ['3', /^bad\.json is no object$/],
    ['null', /^bad\.json is no object$/],
    ['{"a":"1.0.0"}', /^bad\.json: a is no array$/],
    [
      '{"@s/p":["1.0.0","what"]}',
      /^bad\.json: \["@s\/p"\]\[1\] is neither a version nor a range of npm$/,
    ],
    ['{"a":[1]}', /^bad\.json: a\[0\] is no text$/],
    ['[1]', /^bad\.json: \[0\] is no object$/],
    ['[{"affected":[]}]', /^bad\.json: \[0\]\.id is no text$/],
    ['[{"id":"X","affected":{}}]', /^bad\.json: \[0\]\.affected is no array$/],
    ['[{"id":"X","affected":[{}]}]', /^bad\.json: \[0\]\.affected\[0\]\.package is no object$/],
    [
      JSON.stringify([osv({ versions: [''] })]),
      /^bad\.json: \[0\]\.affected\[0\]\.versions\[0\] is no text$/,
    ],
    [
      JSON.stringify(osv({ ranges: [{ type: 'X' }] })),
      /^bad\.json: affected\[0\]\.ranges\[0\]\.type is none of/,
    ],
    [
      JSON.stringify(ranged({ added: '1' })),
      /^bad\.json: affected\[0\]\.ranges\[0\]\.events\[0\] has none of/,
    ],
    [JSON.stringify(ranged({ fixed: 'soon' })), /events\[0\]\.fixed is no semantic version$/],
  ])('%s', (text, message) => {
    expect(() => parseAdvisories(text, 'bad.json')).toThrow(
      expect.objectContaining({ code: 'policy_invalid', message: expect.stringMatching(message) }),
    );
  });
});
