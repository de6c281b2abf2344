import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { createGunzip, createGzip, gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  moveBetweenBases,
  tarballEdits,
  type TarballTarget,
} from '../../../mirror/packument/rewrite-tarballs.ts';
import type { PackumentIndex } from '../../../mirror/packument/packument-index.ts';
import { type ByteTransform, splice } from '../../../mirror/packument/splice.ts';
import { packageName, packumentTexts } from './support/packument-texts.ts';
import { membersOf } from './support/parsed-packument.ts';
import { registryPackument } from './support/registry-packument.ts';
import { scan, transformed } from './support/scan.ts';

const toMirror = moveBetweenBases({
  from: [new URL('https://registry.npm.test')],
  to: new URL('http://mirror.test:4873/npm'),
});

function rewriteTarballs(index: PackumentIndex, target: TarballTarget): ByteTransform {
  return splice(tarballEdits(index, target), index.sizeBytes);
}

/** The packument as clients see it, with each tarball's URL put through `change`. */
function withTarballs(json: string, change: (url: string, version: string) => string): unknown {
  const packument = JSON.parse(json) as unknown;
  for (const [version, manifest] of membersOf(membersOf(packument).get('versions'))) {
    const dist = membersOf(manifest).get('dist');
    const url = membersOf(dist).get('tarball');
    if (typeof url === 'string') (dist as { tarball: string }).tarball = change(url, version);
  }
  return packument;
}

describe('rewriting tarballs', () => {
  it('changes dist.tarball and nothing else that JSON.parse sees', () => {
    const odd: TarballTarget = (url, version) =>
      version === '1.0.0' ? null : `http://m.test/"é\\${url.pathname}`;
    const pieceSizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });
    return fc.assert(
      fc.asyncProperty(packumentTexts, pieceSizes, async (json, sizes) => {
        const index = scan(json, { name: packageName });
        const given = await transformed(json, rewriteTarballs(index, odd), sizes);
        const expected = withTarballs(json, (url, version) => {
          const isAsked = /^https?:/.test(url) && URL.canParse(url);
          return (isAsked ? odd(new URL(url), version) : null) ?? url;
        });
        expect(JSON.parse(given)).toEqual(expected);
      }),
      { numRuns: 700 },
    );
  });

  it('leaves every other byte, also where texts hold the same URLs', async () => {
    const json = registryPackument({ name: '@s/p', versions: 3 });
    const given = await transformed(json, rewriteTarballs(scan(json, { name: '@s/p' }), toMirror));
    const urls = /("tarball":")https:\/\/registry\.npm\.test/g;
    expect(given).toBe(json.replace(urls, '$1http://mirror.test:4873/npm'));
    expect(given).toContain('See https://registry.npm.test/@s/p/-/p-1.0.0.tgz');
  });

  it('needs no edits where nothing moves', () => {
    const index = scan(registryPackument({ name: 'a', versions: 2 }), { name: 'a' });
    expect(tarballEdits(index, () => null)).toEqual([]);
    expect(tarballEdits(index, (url) => url.href)).toEqual([]);
  });

  it('is a step of a pipeline, between gunzip and gzip', async () => {
    const json = registryPackument({ name: 'a', versions: 50 });
    const index = scan(json, { name: 'a' });
    const given: Buffer[] = [];
    const collect = new Writable({
      write(piece: Buffer, _encoding, done) {
        given.push(piece);
        done();
      },
    });
    const source = Readable.from([gzipSync(json)]);
    await pipeline(source, createGunzip(), rewriteTarballs(index, toMirror), createGzip(), collect);
    const text = gunzipSync(Buffer.concat(given)).toString();
    expect(JSON.parse(text)).toEqual(
      withTarballs(json, (url) =>
        url.replace('https://registry.npm.test', 'http://mirror.test:4873/npm'),
      ),
    );
  });
});

describe('moving between bases', () => {
  const move = moveBetweenBases({
    from: [new URL('https://registry.npm.test'), new URL('https://host.test/api/npm/')],
    to: new URL('http://localhost:4873'),
  });

  it.each([
    ['https://registry.npm.test/a/-/a-1.0.0.tgz', 'http://localhost:4873/a/-/a-1.0.0.tgz'],
    ['http://registry.npm.test/a/-/a-1.0.0.tgz', 'http://localhost:4873/a/-/a-1.0.0.tgz'],
    ['https://registry.npm.test/@s%2fp/-/p.tgz?a=1#b', 'http://localhost:4873/@s%2fp/-/p.tgz?a=1'],
    ['https://me:secret@registry.npm.test/a', 'http://localhost:4873/a'],
    ['https://registry.npm.test/x/../../a', 'http://localhost:4873/a'],
    ['https://host.test/api/npm/a/-/a.tgz', 'http://localhost:4873/a/-/a.tgz'],
    ['https://host.test/api/other/a.tgz', null],
    ['https://registry.npm.test:8443/a/-/a.tgz', null],
    ['https://registry.npm.test.evil.test/a.tgz', null],
  ])('%s becomes %s', (url, moved) => {
    expect(move(new URL(url), '1.0.0')).toBe(moved);
  });
});
