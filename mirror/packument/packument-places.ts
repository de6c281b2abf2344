import type { PlaceRule } from './json-listener.ts';

/** The places of a packument that are listened to. */
export const root = 1;
export const name = 2;
export const modified = 3;
export const versions = 4;
export const time = 5;
export const distTags = 6;
export const version = 7;
export const dist = 8;
export const tarball = 9;
export const integrity = 10;
export const shasum = 11;
export const deprecated = 12;
export const releaseTime = 13;
export const tagVersion = 14;

type KeyTable = ReadonlyMap<string, number>;

export const tables: ReadonlyMap<number, KeyTable> = new Map([
  [
    root,
    new Map([
      ['name', name],
      ['modified', modified],
      ['versions', versions],
      ['time', time],
      ['dist-tags', distTags],
    ]),
  ],
  [
    version,
    new Map([
      ['dist', dist],
      ['deprecated', deprecated],
    ]),
  ],
  [
    dist,
    new Map([
      ['tarball', tarball],
      ['integrity', integrity],
      ['shasum', shasum],
    ]),
  ],
]);

const texts = new Set([name, modified, tarball, integrity, shasum, releaseTime, tagVersion]);
export const collections = new Set([versions, time, distTags]);

/** The places that the listener knows, for the walker. */
export const packumentPlaces: readonly PlaceRule[] = Array.from({ length: 14 }, (_, at) => {
  const place = at + 1;
  const lengths = [...(tables.get(place)?.keys() ?? [])].map((key) => 1 << key.length);
  const keyLengths = collections.has(place) ? -1 : lengths.reduce((mask, bit) => mask | bit, 0);
  return { keyLengths, hasText: texts.has(place) };
});
