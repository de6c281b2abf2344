import { expect, it } from 'vitest';
import { npmAuthorization } from '../../../mirror/maintenance/npm-credentials.ts';

const basic = Buffer.from('user:pass').toString('base64');
const password = Buffer.from('pass').toString('base64');

it.each<[string, Record<string, string>, string, string | null]>([
  ['a token', { '//a.test/:_authToken': 't' }, 'https://a.test/x/-/x-1.0.0.tgz', 'Bearer t'],
  ['a token with its port', { '//a.test:81/:_authToken': 't' }, 'http://a.test:81/', 'Bearer t'],
  ['not that of another port', { '//a.test/:_authToken': 't' }, 'http://a.test:81/', null],
  ['not that of another host', { '//a.test/:_authToken': 't' }, 'https://b.a.test/', null],
  [
    'not that of a path beside',
    { '//a.test/npm/:_authToken': 't' },
    'https://a.test/other/x',
    null,
  ],
  [
    'the nearest path',
    { '//a.test/:_authToken': 'far', '//a.test/npm/:_authToken': 'near' },
    'https://a.test/npm/x/-/x-1.0.0.tgz',
    'Bearer near',
  ],
  ['without a slash', { '//a.test/npm:_authToken': 't' }, 'https://a.test/npm/x', 'Bearer t'],
  ['basic', { '//a.test/:_auth': basic }, 'https://a.test/', `Basic ${basic}`],
  [
    'user and password',
    { '//a.test/:username': 'user', '//a.test/:_password': password },
    'https://a.test/',
    `Basic ${basic}`,
  ],
  ['no user without password', { '//a.test/:username': 'user' }, 'https://a.test/', null],
])('gives %s', (_what, settings, url, authorization) => {
  expect(npmAuthorization((key) => settings[key], new URL(url))).toBe(authorization);
});
