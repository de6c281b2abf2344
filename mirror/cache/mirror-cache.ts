import { createHash } from 'node:crypto';
import { AshlarError, type ObjectStore } from '../../src/index.ts';
import type { SpooledBody } from '../../src/network.ts';
import type { CacheUsage } from './cache-usage.ts';
import { heldAgainst } from './held-against.ts';
import { createRecentMap } from './recent-map.ts';

/** A stored object to be sent: in memory, or read from the store as the reader goes on. */
export type StoredObject =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'stored';
      readonly key: string;
      readonly sizeBytes: number;
      /** What the whole of it is held against while it is read; undefined for nothing. */
      readonly digest: ExpectedDigest | undefined;
    };

export interface MirrorCache {
  readonly objects: ObjectStore;
  /** A small JSON document; null where there is none, or where it cannot be one. */
  readRecord(key: string): Promise<unknown>;
  /** The same for who looks after the cache: it does not count as use. */
  peekRecord(key: string): Promise<unknown>;
  /** A record that was not read now, but is known, was used. */
  used(key: string): void;
  /** Sets a mutable record, with the keys of the objects that it names. Not kept where there is no room. */
  writeRecord(key: string, record: object, refersTo?: readonly string[]): Promise<void>;
  /**
   * An object that is named by its content or by what it was made of; null where there is none. Small ones are held against
   * `digest`, if one is given, before they are given out, and kept in memory; a damaged one is removed and counts as none.
   */
  find(key: string, expected?: ExpectedObject): Promise<StoredObject | null>;
  /** The whole object, for small ones; null where there is none. */
  read(key: string, expected?: ExpectedObject): Promise<Buffer | null>;
  /**
   * `no-room` where no room could be made on disk: what was in memory can then be found for a while all the same, so that
   * who waits for it gets it.
   */
  store(key: string, body: SpooledBody): Promise<'kept' | 'no-room'>;
  /** Whether all of these objects are there. */
  has(keys: readonly string[]): Promise<boolean>;
  /**
   * The bytes of an object, or of a part of it, at the reader's pace. The last of a whole one that has a digest come when
   * all fit; a damaged one is removed, and `cache_damaged` thrown.
   */
  pieces(object: StoredObject, signal: AbortSignal, range?: ByteRange): AsyncIterable<Buffer>;
  /** Makes room for other things on a full disk, as far as what is kept can go. */
  free(sizeBytes: number): Promise<void>;
  /** Removes an object that turned out to be damaged. */
  drop(key: string): Promise<void>;
}

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

export interface MirrorCacheOptions {
  readonly objects: ObjectStore;
  /** Bytes of small objects that are kept in memory. */
  readonly hotBytes: number;
  readonly usage: CacheUsage;
}

/** Objects up to this size are read whole and kept in memory. */
export const maxHotObjectBytes = 1024 * 1024;

const maxRecordBytes = 8 * 1024 ** 2;

export function createMirrorCache(options: MirrorCacheOptions): MirrorCache {
  const { objects, usage } = options;
  const hot = createRecentMap<Buffer>(options.hotBytes, (bytes) => bytes.length);

  const drop = async (key: string): Promise<void> => {
    hot.delete(key);
    usage.dropped(key);
    await objects.delete(key);
  };
  const readWhole = async (key: string, expected: ExpectedObject): Promise<Buffer | null> => {
    const bytes = await ifThere(() => objects.get(key));
    if (bytes === null) return null;
    if (isAsExpected(bytes, expected)) return bytes;
    await drop(key);
    return null;
  };
  const peekRecord = async (key: string): Promise<unknown> => {
    const bytes = await ifThere(() => objects.get(key, { maxBytes: maxRecordBytes }));
    return bytes === null ? null : parseOrNull(bytes);
  };
  const find = async (key: string, expected: ExpectedObject = {}): Promise<StoredObject | null> => {
    usage.used(key);
    const known = hot.get(key);
    if (known !== undefined) return { kind: 'bytes', bytes: known };
    const sizeBytes = expected.sizeBytes ?? (await objects.head(key))?.sizeBytes;
    if (sizeBytes === undefined) return null;
    if (sizeBytes <= maxHotObjectBytes) {
      const bytes = await readWhole(key, expected);
      if (bytes === null) return null;
      hot.set(key, bytes);
      return { kind: 'bytes', bytes };
    }
    const info = await objects.head(key);
    if (info === null) return null;
    if (info.sizeBytes === sizeBytes)
      return { kind: 'stored', key, sizeBytes, digest: expected.digest };
    await drop(key);
    return null;
  };

  return {
    objects,
    find,
    drop,
    free: usage.free,
    async read(key, expected = {}) {
      usage.used(key);
      return hot.get(key) ?? readWhole(key, expected);
    },
    peekRecord,
    used: (key) => usage.used(key),
    async readRecord(key) {
      const record = await peekRecord(key);
      if (record !== null) usage.used(key);
      return record;
    },
    async writeRecord(key, record, refersTo = []) {
      const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
      await usage.put({ key, sizeBytes: bytes.length, refersTo }, async () => {
        await objects.replace(key, bytes);
        return 'created';
      });
    },
    async has(keys) {
      const heads = keys.map(async (key) => hot.get(key) ?? objects.head(key));
      return (await Promise.all(heads)).every((head) => head !== null);
    },
    async store(key, body) {
      const sizeBytes = body.kind === 'memory' ? body.bytes.length : body.sizeBytes;
      const outcome = await usage.put({ key, sizeBytes }, () =>
        body.kind === 'memory'
          ? objects.put(key, body.bytes)
          : objects.putFile(key, body.path, { file: 'given' }),
      );
      const isHot = sizeBytes <= maxHotObjectBytes || outcome === 'no-room';
      if (body.kind === 'memory' && isHot) hot.set(key, body.bytes);
      return outcome === 'no-room' ? 'no-room' : 'kept';
    },
    async *pieces(object, signal, range) {
      if (object.kind === 'bytes') {
        yield object.bytes.subarray(range?.start, range?.end);
        return;
      }
      const { start, end } = range ?? { start: 0, end: object.sizeBytes };
      await using read = await objects.openRead(object.key, {
        offset: start,
        lengthBytes: end - start,
        signal,
      });
      const isWhole = start === 0 && end === object.sizeBytes;
      if (object.digest === undefined || !isWhole) yield* read;
      else yield* heldAgainst(read, object.digest, () => drop(object.key));
    },
  };
}

function isAsExpected(bytes: Buffer, { sizeBytes, digest }: ExpectedObject): boolean {
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) return false;
  if (digest === undefined) return true;
  return createHash(digest.algorithm).update(bytes).digest('hex') === digest.hex;
}

function parseOrNull(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function ifThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const codes = ['object_missing', 'object_too_large', 'object_not_a_file'];
    if (error instanceof AshlarError && codes.includes(error.code)) return null;
    throw error;
  }
}
