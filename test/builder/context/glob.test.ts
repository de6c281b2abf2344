import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasWildcards, matchGlob, parseGlob } from '../../../builder/context/glob.ts';
import { unitsOf } from '../../../builder/context/path-units.ts';
import { fromUtf8 } from '../../../src/bytes/byte-path.ts';
import { runCommand } from '../../../src/process/run-command.ts';

/** By the rules of Go's filepath.Match; undefined for a pattern that it refuses. */
function matches(pattern: string, name: string): boolean | undefined {
  const tokens = parseGlob(fromUtf8(pattern), 'as-one-star');
  return tokens && matchGlob(tokens, unitsOf(fromUtf8(name)));
}

describe('a pattern', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['', '', true],
    ['', 'a', false],
    ['*', 'abc', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['*/b', 'a/b', true],
    ['a*', 'ab/c', false],
    ['*.txt', '.txt', true],
    ['*c*', 'abcde', true],
    ['a**c', 'abc', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a?c', 'aüc', true],
    ['a??c', 'aüc', false],
    ['a?c', 'a😀c', true],
    ['[abc]', 'b', true],
    ['[a-c]x', 'bx', true],
    ['[^a-c]', 'b', false],
    ['[^a-c]', 'ü', true],
    ['[!a]', '!', true],
    ['[!a]', 'b', false],
    ['[а-я]', 'ж', true],
    ['[\\]]', ']', true],
    ['[\\-x]', '-', true],
    ['[a-]', 'a', undefined],
    ['[]', 'a', undefined],
    ['[]a]', 'a', undefined],
    ['[a', 'a', undefined],
    ['[^]', 'a', undefined],
    ['a\\', 'a', undefined],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a[[]b', 'a[b', true],
    ['{a,b}', 'a', false],
  ])('%j and %j: %j', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it('takes a byte that is no UTF-8 for a character', () => {
    const tokens = parseGlob('a?c', 'as-one-star') ?? [];
    expect(matchGlob(tokens, unitsOf('a\xffc'))).toBe(true);
    expect(matchGlob(tokens, unitsOf('a\xc3\xffc'))).toBe(false);
    expect(matchGlob(parseGlob('a\xffc', 'as-one-star') ?? [], unitsOf('a\xfec'))).toBe(false);
    // A surrogate and an overlong form are no UTF-8: three and two characters.
    expect(unitsOf('\xed\xa0\x80')).toHaveLength(3);
    expect(unitsOf('\xc0\x80')).toHaveLength(2);
    expect(unitsOf('\xf4\x90\x80\x80')).toHaveLength(4);
  });

  it('matches in bounded time', () => {
    const tokens = parseGlob(`${'*a'.repeat(100)}b`, 'as-one-star') ?? [];
    const started = performance.now();
    expect(matchGlob(tokens, unitsOf('a'.repeat(4000)))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it.each([
    ['abc', false],
    ['a*', true],
    ['a?', true],
    ['a[b]', true],
    ['a\\*', false],
    ['a\\\\*', true],
    ['a]', false],
  ])('%j has wildcards: %j', (text, expected) => {
    expect(hasWildcards(text)).toBe(expected);
  });
});

describe('names without slashes, against bash', () => {
  it('match the same', async (context) => {
    if ((await runCommand('bash', ['-c', 'exit 0']).catch(() => null)) === null) {
      context.skip('bash is not installed');
    }
    const atom = fc.constantFrom(
      'a',
      'b',
      'ü',
      '.',
      '*',
      '?',
      '[ab]',
      '[^a]',
      '[a-c]',
      '\\*',
      '\\?',
    );
    const pattern = fc.array(atom, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ü', '.', '*'), maxLength: 6 });
    const pairs = fc.array(fc.tuple(pattern, name), { minLength: 60, maxLength: 60 });
    const property = fc.asyncProperty(pairs, async (samples) => {
      const script =
        'while IFS= read -r p && IFS= read -r n; do [[ $n == $p ]] && echo true || echo false; done';
      const { stdout } = await runCommand('bash', ['-c', script], {
        input: samples.map(([p, n]) => `${p}\n${n}\n`).join(''),
        env: { LC_ALL: 'C.UTF-8' },
        timeoutMs: 20_000,
      });
      const mine = samples.map(([p, n]) => `${p} ${n} ${matches(p, n)}`);
      const answers = stdout.toString().trim().split('\n');
      expect(mine).toEqual(samples.map(([p, n], index) => `${p} ${n} ${answers[index]}`));
    });
    await fc.assert(property, { numRuns: 30, interruptAfterTimeLimit: 10_000 });
  });
});
