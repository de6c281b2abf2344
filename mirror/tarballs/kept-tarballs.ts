import { toAshlarError } from '../../src/index.ts';
import { createRecentMap, type StoreOutcome, type StoredObject } from '../../src/network.ts';
import { blobKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { FetchedTarball } from './fetch-tarball.ts';
import { decodeTarballRecord, encodeTarballRecord, type TarballRecord } from './tarball-record.ts';

export interface KeptTarball {
  readonly record: TarballRecord;
  readonly object: StoredObject;
}

/** The tarballs in the cache, by the keys of their records. */
export interface KeptTarballs {
  /** Whether it was there when it was last looked for. */
  isKnown(key: string): boolean;
  find(key: string): Promise<KeptTarball | null>;
  /** Stores one that is verified; throws nothing, as who asked for it has it all the same. */
  keep(key: string, fetched: FetchedTarball): Promise<StoreOutcome>;
}

const keptRecords = 50_000;

export function createKeptTarballs({ cache, waiting }: FetchContext): KeptTarballs {
  const records = createRecentMap<TarballRecord>(keptRecords);
  const store = async (key: string, fetched: FetchedTarball): Promise<StoreOutcome> => {
    const { sha512, heldAgainst } = fetched.outcome();
    const body = fetched.transfer.contents();
    const sizeBytes = body.kind === 'memory' ? body.bytes.length : body.sizeBytes;
    const record = { sha512, sizeBytes, heldAgainst, fetchedAtMs: waiting.nowMs() };
    const blob = blobKey(sha512);
    const outcome = await cache.store(blob, body);
    if (outcome.kind === 'not-kept') return outcome;
    return cache.keepRecord(key, encodeTarballRecord(record), [blob]);
  };
  return {
    isKnown: (key) => records.get(key) !== undefined,
    async find(key) {
      const record = records.get(key) ?? decodeTarballRecord(await cache.readRecord(key));
      if (record === null) return null;
      const { sizeBytes, sha512 } = record;
      const digest = { algorithm: 'sha512', hex: sha512 } as const;
      const object = await cache.find(blobKey(sha512), { sizeBytes, digest });
      if (object === null) {
        records.delete(key);
        return null;
      }
      cache.used(key);
      records.set(key, record);
      return { record, object };
    },
    async keep(key, fetched) {
      try {
        return await store(key, fetched);
      } catch (error) {
        return { kind: 'not-kept', because: toAshlarError(error) };
      }
    },
  };
}
