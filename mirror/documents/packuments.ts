import { bodyKey, indexKey, packumentKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { storeName } from '../packument/names/store-name.ts';
import { fetchPackument, type PackumentTarget } from './fetch-packument.ts';
import {
  decodePackumentRecord,
  encodePackumentRecord,
  type PackumentRecord,
} from './packument-record.ts';
import { createRefreshed, type Found, type Refreshed } from './refreshed.ts';

/** The packuments of all registries. */
export type Packuments = Refreshed<PackumentTarget, PackumentRecord>;
export type FoundPackument = Found<PackumentRecord>;

export function createPackuments(context: FetchContext): Packuments {
  const { cache } = context;
  return createRefreshed(context, {
    keyOf: ({ view, name, form }) => packumentKey(view, storeName(name), form),
    async load(key) {
      const record = decodePackumentRecord(await cache.readRecord(key));
      if (record === null) return null;
      // What was evicted is fetched anew, whatever the record says.
      const parts = [bodyKey(record.body), indexKey(record.body)];
      return (await cache.has(parts)) ? record : null;
    },
    save: (key, record) =>
      cache.writeRecord(key, encodePackumentRecord(record), [
        bodyKey(record.body),
        indexKey(record.body),
      ]),
    drop: cache.drop,
    fetch: (target, from) => fetchPackument(context, target, from),
    maxAgeMs: context.settings.maxAgeMs,
  });
}
