import type { AshlarError } from '../errors/ashlar-error.ts';
import { createRecentMap } from '../flow/recent-map.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ObjectUsage } from './object-usage.ts';
import { createProvenObjects } from './proven-objects.ts';
import { createObjectReader, ifThere } from './read-objects.ts';
import { createStoreFaults } from './store-faults.ts';
import { createObjectWriter } from './write-objects.ts';

/** A stored object to be sent: in memory, or read from the store as the reader goes on. */
export type StoredObject =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'stored';
      readonly key: string;
      readonly sizeBytes: number;
      /** When it was written; milliseconds since 1970. */
      readonly modifiedMs: number;
      /** What the whole of it is held against while it is read; undefined for nothing. */
      readonly digest: ExpectedDigest | undefined;
    };

/**
 * What a cache keeps. Nobody depends on it: where the store or the record of its use fails, what is there counts as not
 * there, what is to be kept is not, and the operator is told.
 */
export interface ObjectCache {
  readonly objects: ObjectStore;
  /** A small JSON document; null where there is none, or where it cannot be one. */
  readRecord(key: string): Promise<unknown>;
  /** The same for who looks after the cache: it does not count as use, and failures of the store are thrown. */
  peekRecord(key: string): Promise<unknown>;
  /** A record that was not read now, but is known, was used. */
  used(key: string): void;
  /** Sets a mutable record, with the keys of the objects that it names. Not kept where there is no room. */
  writeRecord(key: string, record: object, refersTo?: readonly string[]): Promise<void>;
  /** The same for who wants to know. */
  keepRecord(key: string, record: object, refersTo?: readonly string[]): Promise<StoreOutcome>;
  /**
   * An object that is named by its content or by what it was made of; null where there is none. Small ones are held against
   * `digest`, if one is given, before they are given out, and kept in memory; a damaged one is removed and counts as none.
   */
  find(key: string, expected?: ExpectedObject): Promise<StoredObject | null>;
  /** The whole object, for small ones; null where there is none. */
  read(key: string, expected?: ExpectedObject): Promise<Buffer | null>;
  /** What was in memory and could not be kept can be found for a while all the same, so that who waits for it gets it. */
  store(key: string, body: WholeBody): Promise<StoreOutcome>;
  /** Whether all of these objects are there. */
  has(keys: readonly string[]): Promise<boolean>;
  /**
   * The bytes of an object, or of a part of it, at the reader's pace. The last of a whole one that has a digest come when
   * all fit; a damaged one is removed, and `cache_damaged` thrown.
   */
  pieces(object: StoredObject, signal: AbortSignal, range?: ByteRange): AsyncIterable<Buffer>;
  /** Makes room for other things on a full disk, as far as what is kept can go. */
  free(sizeBytes: number): Promise<void>;
  /** Removes an object that turned out to be damaged, or what upstream has no more. */
  drop(key: string): Promise<void>;
  /** The same for who looks after the cache: failures of the store are thrown. */
  remove(key: string): Promise<void>;
}

/** All bytes of what is to be stored. */
export type WholeBody =
  | { readonly kind: 'memory'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number };

/** Whether something is in the store from now on. */
export type StoreOutcome =
  | { readonly kind: 'kept' }
  | { readonly kind: 'not-kept'; readonly because: AshlarError };

/** From `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ExpectedObject {
  readonly sizeBytes?: number;
  readonly digest?: ExpectedDigest;
}

export interface ExpectedDigest {
  readonly algorithm: 'sha256' | 'sha512';
  /** Hexadecimal. */
  readonly hex: string;
}

export interface ObjectCacheOptions {
  readonly objects: ObjectStore;
  /** Bytes of small objects that are kept in memory. */
  readonly hotBytes: number;
  readonly usage: ObjectUsage;
  /** Whether an object's key tells nothing of its bytes, so that a seal goes with them. Default: none. */
  readonly isSealed?: (key: string) => boolean;
  /** Told of each failure of the store, and of each damaged object. */
  readonly onProblem?: (problem: AshlarError) => void;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** Records are no larger. */
export const maxRecordBytes = 8 * 1024 ** 2;

export function createObjectCache(options: ObjectCacheOptions): ObjectCache {
  const { objects, usage, onProblem = () => {}, nowMs = Date.now } = options;
  const hot = createRecentMap<Buffer>(options.hotBytes, (bytes) => bytes.length);
  const proven = createProvenObjects(nowMs);
  const faults = createStoreFaults({ onProblem, nowMs });
  const remove = async (key: string): Promise<void> => {
    hot.delete(key);
    proven.delete(key);
    await objects.delete(key);
    usage.dropped(key);
  };
  const drop = async (key: string): Promise<void> =>
    void (await faults.orNull(key, () => remove(key)));
  const isSealed = options.isSealed ?? (() => false);
  const parts = { objects, usage, hot, proven, faults, drop, isSealed };
  const peekRecord = async (key: string): Promise<unknown> => {
    const bytes = await ifThere(() => objects.get(key, { maxBytes: maxRecordBytes }));
    return bytes === null ? null : parseOrNull(bytes);
  };
  return {
    objects,
    ...createObjectReader(parts),
    ...createObjectWriter(parts),
    peekRecord,
    async readRecord(key) {
      const record = await faults.orNull(key, () => peekRecord(key));
      if (record !== null) usage.used(key);
      return record;
    },
    used: (key) => usage.used(key),
    drop,
    remove,
    free: async (sizeBytes) => void (await faults.orNull(null, () => usage.free(sizeBytes))),
  };
}

function parseOrNull(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
