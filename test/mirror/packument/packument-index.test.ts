import { describe, expect, it } from 'vitest';
import { versionsOfFile } from '../../../mirror/packument/packument-index.ts';
import { scan } from './support/scan.ts';

describe('the versions of a file', () => {
  const tarballs = {
    '1.0.0': 'https://a.test/name/-/name-1.0.0.tgz',
    '1.0.0+build': 'https://a.test/name/-/name-1.0.0%2Bbuild.tgz?token=/x.tgz',
    '2.0.0': 'https://a.test/name/-/name-1.0.0.tgz#/y.tgz',
    '3.0.0': 'https://a.test/name/-/name-3%zz.tgz',
    '4.0.0': null,
  };
  const versions = Object.fromEntries(
    Object.entries(tarballs).map(([version, tarball]) => [version, { dist: { tarball } }]),
  );
  const index = scan(JSON.stringify({ name: 'name', versions }), { name: 'name' });
  const found = (file: string): string[] =>
    versionsOfFile(index, file).map(({ version }) => version);

  it('are those whose URL ends in it', () => {
    expect(found('name-1.0.0.tgz')).toEqual(['1.0.0', '2.0.0']);
    expect(found('name-1.0.0+build.tgz')).toEqual(['1.0.0+build']);
    for (const file of ['x.tgz', 'y.tgz', 'name-3%zz.tgz', '', 'null'])
      expect(found(file)).toEqual([]);
  });
});
