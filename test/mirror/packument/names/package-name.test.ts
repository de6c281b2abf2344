import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePackageName } from '../../../../mirror/packument/names/package-name.ts';
import { storeName } from '../../../../mirror/packument/names/store-name.ts';
import { hasCode } from '../../../../src/errors/has-code.ts';
import { isObjectKey } from '../../../../src/store/object-key.ts';

function parsed(text: string): ReturnType<typeof parsePackageName> | 'refused' {
  try {
    return parsePackageName(text);
  } catch (error) {
    if (hasCode(error, 'package_name_invalid')) return 'refused';
    throw error;
  }
}

const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '%',
        '%2e',
        '%2E',
        '%2f',
        '%2F',
        '%00',
        '%25',
        '%5c',
        '@',
        '\0',
      ),
      fc.constantFrom(
        'a',
        'Z',
        '0',
        '-',
        '_',
        '~',
        '*',
        "'",
        '(',
        ' ',
        'é',
        '%c3%a9',
        '%C3',
        '\ud800',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('the name of a package', () => {
  it.each([
    ['lodash', { name: 'lodash', scope: null, unscoped: 'lodash' }],
    ['@s/p', { name: '@s/p', scope: '@s', unscoped: 'p' }],
    ['@s%2fp', { name: '@s/p', scope: '@s', unscoped: 'p' }],
    ['%40s%2Fp', { name: '@s/p', scope: '@s', unscoped: 'p' }],
    ['l%6fdash', { name: 'lodash', scope: null, unscoped: 'lodash' }],
    ['JSONStream', { name: 'JSONStream', scope: null, unscoped: 'JSONStream' }],
    ['-', { name: '-', scope: null, unscoped: '-' }],
    ['--hello', { name: '--hello', scope: null, unscoped: '--hello' }],
    ['http', { name: 'http', scope: null, unscoped: 'http' }],
    ['crypto.js', { name: 'crypto.js', scope: null, unscoped: 'crypto.js' }],
    ["a~!*'()b", { name: "a~!*'()b", scope: null, unscoped: "a~!*'()b" }],
    ['@s/_p', { name: '@s/_p', scope: '@s', unscoped: '_p' }],
    ['@s/node_modules', { name: '@s/node_modules', scope: '@s', unscoped: 'node_modules' }],
  ])('is read from %s', (text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  it.each([
    '',
    '.',
    '..',
    '.hidden',
    '_private',
    '%2e%2e',
    '%2e',
    'a/b',
    'a%2fb',
    '../a',
    'a/../b',
    '/a',
    'a/',
    '@',
    '@s',
    '@s/',
    '@/p',
    '@s/p/q',
    '@s/..',
    '@s/.p',
    '@../p',
    '@.s/p',
    '@s%2f..',
    '@s%2f%2e%2e',
    '@@s/p',
    '@s%252fp',
    '%252e%252e',
    'a%00',
    'a\0b',
    'a\\b',
    '..\\a',
    'a%5cb',
    'a b',
    'a%20b',
    'a\n',
    'é',
    '%c3%a9',
    '%',
    '%zz',
    '%c3',
    'node_modules',
    'NODE_MODULES',
    'favicon.ico',
    'a?b',
    'a#b',
    'a:b',
    'a'.repeat(215),
    `@${'s'.repeat(100)}/${'p'.repeat(113)}`,
  ])('is not %j', (text) => {
    expect(parsed(text)).toBe('refused');
  });

  it('may have 214 bytes', () => {
    expect(parsed('a'.repeat(214))).not.toBe('refused');
    expect(parsed(`@${'s'.repeat(100)}/${'p'.repeat(112)}`)).not.toBe('refused');
  });

  it('has nothing to climb with, whatever is asked for', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const name = parsed(text);
        if (name === 'refused') return;
        expect(name.name).toMatch(/^(?:@[^@/.][^/]*\/)?[^/.][^/]*$/);
        expect(name.name).not.toMatch(/[\s\\%\0:?#]/);
        expect(parsed(name.name)).toEqual(name);
        expect(parsed(encodeURIComponent(name.name))).toEqual(name);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the spelling in a store', () => {
  const nameText = fc.oneof(
    fc.constantFrom(
      'a',
      'A',
      '@s/p',
      '@S/p',
      '@s/P',
      'a.b',
      '-',
      'a_b',
      "~!*'()",
      'a-1.0.0+b.tgz',
      'é',
      '.',
    ),
    fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(..."aAbB@/.-_%~'é".split('')) }),
    fc.integer({ min: 190, max: 214 }).map((length) => 'a'.repeat(length)),
    fc.integer({ min: 60, max: 214 }).map((length) => 'A'.repeat(length)),
  );

  it('is one segment of an object key', () => {
    fc.assert(
      fc.property(nameText, (name) => {
        const spelling = storeName(name);
        expect(spelling).not.toContain('/');
        expect(isObjectKey(`packuments/public/${spelling}/full.json`)).toBe(true);
        expect(spelling.length).toBeLessThanOrEqual(200);
        expect(spelling).not.toMatch(/^\./);
      }),
    );
  });

  it('is another for another name, also where case does not count', () => {
    fc.assert(
      fc.property(nameText, nameText, (a, b) => {
        expect(storeName(a).toLowerCase() === storeName(b).toLowerCase()).toBe(a === b);
      }),
      { numRuns: 5000 },
    );
    const long = 'A'.repeat(213);
    expect(storeName(`${long}B`)).not.toBe(storeName(`${long}C`));
  });

  it('can be read by people', () => {
    expect(storeName('lodash')).toBe('lodash');
    expect(storeName('@types/node')).toBe('%40types%2Fnode');
    expect(storeName('JSONStream')).toBe('%4A%53%4F%4E%53tream');
    expect(storeName('p-1.0.0+build.tgz')).toBe('p-1.0.0%2Bbuild.tgz');
    expect(storeName('A'.repeat(100))).toMatch(/^(?:%41){40}%00[0-9a-f]{64}$/);
  });
});
