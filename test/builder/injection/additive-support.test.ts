import { describe, expect, it } from 'vitest';
import {
  hasOwnAuthorities,
  nodeVersionOf,
  takesAdditional,
} from '../../../builder/injection/additive-support.ts';

const none = (): Promise<undefined> => Promise.resolve(undefined);
const reading =
  (files: Readonly<Record<string, string>>) =>
  (path: string): Promise<string | undefined> =>
    Promise.resolve(files[path]);
const header = (major: number, minor: number): string =>
  `#ifndef SRC_NODE_VERSION_H_\n#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION ${minor}\n`;
const status = (version: string, name = 'nodejs'): string =>
  `Package: base\nVersion: 9.9\n\nPackage: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n y\n\nPackage: zlib\nVersion: 1.2\n`;

describe('the Node.js of an image', () => {
  it.each([
    ['its headers', { 'usr/local/include/node/node_version.h': header(6, 17) }, undefined, [6, 17]],
    [
      'headers of a package',
      { 'usr/include/node/node_version.h': header(24, 1) },
      undefined,
      [24, 1],
    ],
    ['Ubuntu 14.04', {}, status('0.10.25~dfsg2-2ubuntu1'), [0, 10]],
    ['Ubuntu 16.04', {}, status('4.2.6~dfsg-1ubuntu4.2'), [4, 2]],
    ['Debian 12', {}, status('18.20.4+dfsg-1~deb12u1'), [18, 20]],
    ['an epoch', {}, status('1:10.24.0-1nodesource1'), [10, 24]],
    ['another package', {}, status('4.2.6', 'nodejs-doc'), null],
    ['nothing', {}, undefined, null],
  ])('is known by %s', async (_, files, text, version) => {
    const found = await nodeVersionOf(reading(files), () => Promise.resolve(text));
    expect(found).toEqual(version);
  });

  it('takes certificates in addition from 7.3 on', () => {
    const versions = [
      [0, 10],
      [6, 17],
      [7, 2],
      [7, 3],
      [8, 0],
      [24, 0],
    ] as const;
    expect(versions.map(takesAdditional)).toEqual([false, false, false, true, true, true]);
  });
});

describe('authorities of an image', () => {
  it('are found where npm looks', async () => {
    const has = (files: Readonly<Record<string, string>>): Promise<boolean> =>
      hasOwnAuthorities(reading(files), ['/app', '/root']);
    expect(await hasOwnAuthorities(none, ['/'])).toBe(false);
    expect(await has({ 'app/.npmrc': 'cafile=/x\n' })).toBe(true);
    expect(await has({ 'etc/npmrc': 'ca=x\n' })).toBe(true);
    expect(await has({ 'root/.npmrc': 'registry=https://npm.acme.test/\n' })).toBe(false);
  });
});
