import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatRegistryPath,
  type ResourcePath,
} from '../../../../mirror/packument/names/format-registry-path.ts';
import { parsePackageName } from '../../../../mirror/packument/names/package-name.ts';
import {
  parseRegistryPath,
  type RegistryPath,
} from '../../../../mirror/packument/names/registry-path.ts';
import { hasCode } from '../../../../src/errors/has-code.ts';

const lodash = parsePackageName('lodash');
const scoped = parsePackageName('@s/p');
const dash = parsePackageName('-');

function parsed(path: string): RegistryPath | string {
  try {
    return parseRegistryPath(path);
  } catch (error) {
    if (hasCode(error, 'package_name_invalid', 'registry_path_invalid')) return error.code;
    throw error;
  }
}

const known: readonly (readonly [string, RegistryPath])[] = [
  ['/', { kind: 'root' }],
  ['/lodash', { kind: 'packument', package: lodash }],
  ['/lodash/', { kind: 'packument', package: lodash }],
  ['/l%6fdash', { kind: 'packument', package: lodash }],
  ['/@s/p', { kind: 'packument', package: scoped }],
  ['/@s%2fp', { kind: 'packument', package: scoped }],
  ['/@s%2Fp', { kind: 'packument', package: scoped }],
  ['/%40s%2fp', { kind: 'packument', package: scoped }],
  ['/-', { kind: 'packument', package: dash }],
  ['/lodash/4.17.21', { kind: 'version', package: lodash, version: '4.17.21' }],
  ['/lodash/latest', { kind: 'version', package: lodash, version: 'latest' }],
  ['/lodash/%5E4.0.0', { kind: 'version', package: lodash, version: '^4.0.0' }],
  ['/@s%2fp/1.0.0', { kind: 'version', package: scoped, version: '1.0.0' }],
  [
    '/lodash/-/lodash-4.17.21.tgz',
    { kind: 'tarball', package: lodash, file: 'lodash-4.17.21.tgz' },
  ],
  ['/@s/p/-/p-1.0.0.tgz', { kind: 'tarball', package: scoped, file: 'p-1.0.0.tgz' }],
  ['/@s%2fp/-/p-1.0.0.tgz', { kind: 'tarball', package: scoped, file: 'p-1.0.0.tgz' }],
  ['/@s/p/-/p-1.0.0+b.tgz', { kind: 'tarball', package: scoped, file: 'p-1.0.0+b.tgz' }],
  ['/@s/p/-/p-1.0.0%2bb.tgz', { kind: 'tarball', package: scoped, file: 'p-1.0.0+b.tgz' }],
  ['/@s/p/-/@s/p-1.0.0.tgz', { kind: 'tarball', package: scoped, file: '@s/p-1.0.0.tgz' }],
  ['/@s/p/-/@t/p-1.0.0.tgz', { kind: 'other', package: scoped }],
  ['/-/-/--0.0.1.tgz', { kind: 'tarball', package: dash, file: '--0.0.1.tgz' }],
  ['/lodash/-/a/b.tgz', { kind: 'other', package: lodash }],
  ['/lodash/-/.a.tgz', { kind: 'other', package: lodash }],
  ['/lodash/-', { kind: 'other', package: lodash }],
  ['/lodash/-rev/1-abc', { kind: 'other', package: lodash }],
  ['/lodash/-/lodash-1.0.0.tgz/-rev/1-abc', { kind: 'other', package: lodash }],
  ['/download/@s/p/1.0.0/abc', { kind: 'other', package: null }],
  ['/-/ping', { kind: 'ping' }],
  ['/-/whoami', { kind: 'whoami' }],
  ['/-/v1/search', { kind: 'search' }],
  ['/-/npm/v1/keys', { kind: 'keys' }],
  [
    '/-/npm/v1/attestations/lodash@1.0.0',
    { kind: 'attestations', package: lodash, version: '1.0.0' },
  ],
  [
    '/-/npm/v1/attestations/@s%2fp@1.0.0',
    { kind: 'attestations', package: scoped, version: '1.0.0' },
  ],
  [
    '/-/npm/v1/attestations/@s/p@1.0.0',
    { kind: 'attestations', package: scoped, version: '1.0.0' },
  ],
  ['/-/npm/v1/attestations/lodash', { kind: 'other', package: lodash }],
  ['/-/npm/v1/security/advisories/bulk', { kind: 'audit', form: 'bulk' }],
  ['/-/npm/v1/security/audits/quick', { kind: 'audit', form: 'quick' }],
  ['/-/npm/v1/security/audits', { kind: 'audit', form: 'full' }],
  ['/-/package/lodash/dist-tags', { kind: 'dist-tags', package: lodash, tag: null }],
  ['/-/package/@s%2fp/dist-tags/next', { kind: 'dist-tags', package: scoped, tag: 'next' }],
  ['/-/package/@s/p/access', { kind: 'other', package: scoped }],
  ['/-/user/org.couchdb.user:me', { kind: 'account' }],
  ['/-/user/token/abc', { kind: 'account' }],
  ['/-/v1/login', { kind: 'account' }],
  ['/-/v1/done', { kind: 'account' }],
  ['/-/npm/v1/user', { kind: 'account' }],
  ['/-/npm/v1/tokens/token/abc', { kind: 'account' }],
  ['/-/all', { kind: 'other', package: null }],
  ['/favicon.ico', { kind: 'other', package: null }],
];

describe('the path of a request', () => {
  it.each(known)('%s', (path, expected) => {
    expect(parsed(path)).toEqual(expected);
  });

  it.each([
    ['', 'registry_path_invalid'],
    ['lodash', 'registry_path_invalid'],
    ['//lodash', 'registry_path_invalid'],
    ['/lodash//4.0.0', 'registry_path_invalid'],
    ['/lodash/../other', 'registry_path_invalid'],
    ['/lodash/-/../../secret', 'registry_path_invalid'],
    ['/lodash/-/%2e%2e%2f%2e%2e%2fsecret', 'registry_path_invalid'],
    ['/%2e%2e/%2e%2e/etc/passwd', 'registry_path_invalid'],
    ['/..%2f..%2fetc%2fpasswd', 'registry_path_invalid'],
    ['/lodash/%252e%252e', 'registry_path_invalid'],
    ['/@s%252fp', 'registry_path_invalid'],
    ['/lodash%00', 'registry_path_invalid'],
    ['/lodash%0d%0aX: y', 'registry_path_invalid'],
    ['/lodash\\..\\x', 'registry_path_invalid'],
    ['/%', 'registry_path_invalid'],
    ['/%ff', 'registry_path_invalid'],
    ['/.hidden', 'package_name_invalid'],
    ['/_all_docs', 'package_name_invalid'],
    ['/@s', 'package_name_invalid'],
    ['/@s/', 'package_name_invalid'],
    ['/node_modules', 'package_name_invalid'],
    ['/lo dash', 'package_name_invalid'],
    ['/-/package/.x/dist-tags', 'package_name_invalid'],
    ['/-/npm/v1/attestations/@1.0.0', 'package_name_invalid'],
    [`/${'a/'.repeat(2000)}`, 'registry_path_invalid'],
    [`/lodash/${'1'.repeat(301)}`, 'registry_path_invalid'],
  ])('%j is refused: %s', (path, code) => {
    expect(parsed(path)).toBe(code);
  });

  it('has one meaning in all its spellings', () => {
    const respelled = (path: string, seed: number): string =>
      path
        .slice(1)
        .split('')
        .map((character, at) => {
          const hex = character.charCodeAt(0).toString(16);
          const choice = (seed >>> (at % 28)) & 3;
          if (character === '/' && choice > 1) return choice === 2 ? '%2f' : '%2F';
          return choice === 3 && !path.includes('%') ? `%${hex}` : character;
        })
        .join('');
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), ([path, expected], seed) => {
        expect(parsed(`/${respelled(path, seed)}`)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('is understood or refused by name, whatever it is', () => {
    const parts = fc.oneof(
      fc.constantFrom(
        '/',
        '-',
        '@s',
        'p',
        '..',
        '%2f',
        '%2e',
        '%25',
        '%00',
        '\\',
        '-/package/',
        '/-/',
        '%',
        'dist-tags',
      ),
      fc.constantFrom(
        '/-/npm/v1/attestations/',
        '@',
        '1.0.0',
        '.tgz',
        'é',
        '%c3%a9',
        '\ud800',
        ' ',
        '?',
        '#',
        '\r\n',
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 9 }), (list) => {
        const path = parsed(`/${list.join('')}`);
        if (typeof path === 'string' || !isResource(path)) return;
        expect(JSON.stringify(path)).not.toMatch(/["/]\.\.?["/]|\\\\|\\u00|%/);
        expect(parsed(formatRegistryPath(path))).toEqual(path);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the path to ask upstream for', () => {
  it.each(known.filter(([, path]) => isResource(path)))('is what %s means', (_, path) => {
    if (isResource(path)) expect(parsed(formatRegistryPath(path))).toEqual(path);
  });

  it('is spelled as by npm', () => {
    const format = (path: string): string => {
      const found = parseRegistryPath(path);
      return isResource(found) ? formatRegistryPath(found) : found.kind;
    };
    expect(format('/%40s%2Fp')).toBe('/@s%2fp');
    expect(format('/@s%2fp/-/p-1.0.0%2Bb.tgz')).toBe('/@s/p/-/p-1.0.0+b.tgz');
    expect(format('/@s/p/%5e1.0.0')).toBe('/@s%2fp/%5E1.0.0');
    expect(format('/-/npm/v1/attestations/@s/p@1.0.0')).toBe('/-/npm/v1/attestations/@s%2fp@1.0.0');
    expect(format('/-/package/@s/p/dist-tags/a%20b')).toBe('/-/package/@s%2fp/dist-tags/a%20b');
  });
});

function isResource(path: RegistryPath): path is ResourcePath {
  return ['packument', 'version', 'tarball', 'dist-tags', 'attestations'].includes(path.kind);
}
