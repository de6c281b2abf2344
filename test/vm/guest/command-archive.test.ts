import { expect, it } from 'vitest';
import { encodeCommandArchive, type GuestCommand } from '../../../vm/guest/command-archive.ts';

const plain: GuestCommand = { argv: ['true'], env: {}, workdir: '', user: '' };

it.each<[string, Partial<GuestCommand>, string]>([
  ['no program', { argv: [] }, 'boot_command_missing'],
  ['an empty program', { argv: [''] }, 'boot_command_missing'],
  ['a NUL in an argument', { argv: ['a', 'b\0c'] }, 'invalid_request'],
  ['a NUL in a value', { env: { A: '\0' } }, 'invalid_request'],
  ['a NUL in the user', { user: 'a\0b' }, 'invalid_request'],
  ['an empty variable name', { env: { '': 'x' } }, 'invalid_request'],
  ['a name with an equals sign', { env: { 'A=B': 'x' } }, 'invalid_request'],
  ['an argument of 128 KiB', { argv: ['a', 'x'.repeat(128 * 1024)] }, 'invalid_request'],
  [
    'more than a mebibyte in all',
    { argv: Array.from({ length: 11 }, () => 'é'.repeat(50_000)) },
    'invalid_request',
  ],
])('refuses %s', (_name, change, code) => {
  expect(() => encodeCommandArchive({ ...plain, ...change }, 'guest')).toThrow(
    expect.objectContaining({ code }),
  );
});

it('accepts an argument that just fits', () => {
  const word = 'x'.repeat(128 * 1024 - 1);
  expect(encodeCommandArchive({ ...plain, argv: ['a', word] }, 'guest').includes(word)).toBe(true);
});
