import { openLocalFile, readPieces } from './local-file.ts';
import {
  type ByteRange,
  checkByteRange,
  checkIsRange,
  objectMissing,
  objectTooLarge,
  objectTruncated,
  rangeWithin,
} from './object-errors.ts';
import { checkKeyPrefix, checkObjectKey } from './object-key.ts';
import { createObjectRead } from './object-read.ts';
import { defaultMaxBytes, type ObjectInfo, type ObjectStore } from './object-store.ts';

const pieceBytes = 256 * 1024;

interface Entry {
  readonly bytes: Buffer;
  readonly modifiedMs: number;
}

export interface MemoryStoreOptions {
  readonly nowMs?: () => number;
}

/** A store that lives as long as the object itself; for tests. Durable within that. */
export function createMemoryObjectStore(options: MemoryStoreOptions = {}): ObjectStore {
  const nowMs = options.nowMs ?? Date.now;
  const url = 'memory:';
  const entries = new Map<string, Entry>();

  function entryOf(key: string): Entry {
    checkObjectKey(key);
    const entry = entries.get(key);
    if (entry === undefined) throw objectMissing({ url, key });
    return entry;
  }

  function putIfAbsent(key: string, bytes: Uint8Array): 'created' | 'exists' {
    checkObjectKey(key);
    if (entries.has(key)) return 'exists';
    entries.set(key, { bytes: Buffer.from(bytes), modifiedMs: nowMs() });
    return 'created';
  }

  return {
    url,
    async get(key, options = {}) {
      options.signal?.throwIfAborted();
      const { bytes } = entryOf(key);
      const maxBytes = options.maxBytes ?? defaultMaxBytes;
      if (bytes.length > maxBytes) {
        throw objectTooLarge({ url, key }, { sizeBytes: bytes.length, maxBytes });
      }
      return Buffer.from(bytes);
    },
    async getRange(key, offset, lengthBytes, options = {}) {
      options.signal?.throwIfAborted();
      checkByteRange({ url, key }, { offset, lengthBytes });
      const { bytes } = entryOf(key);
      if (offset + lengthBytes > bytes.length) {
        throw objectTruncated({ url, key }, { offset, lengthBytes, sizeBytes: bytes.length });
      }
      return Buffer.from(bytes.subarray(offset, offset + lengthBytes));
    },
    async openRead(key, options = {}) {
      options.signal?.throwIfAborted();
      const { offset = 0, lengthBytes = 0 } = options;
      checkIsRange({ url, key }, { offset, lengthBytes });
      const entry = entryOf(key);
      const range = rangeWithin({ url, key }, options, entry.bytes.length);
      const pieces = piecesOf(entry.bytes, range, options.signal);
      return createObjectRead({ info: infoOf(key, entry), pieces, close: () => {} });
    },
    async head(key) {
      checkObjectKey(key);
      const entry = entries.get(key);
      return entry === undefined ? null : infoOf(key, entry);
    },
    async put(key, bytes) {
      return putIfAbsent(key, bytes);
    },
    async putFile(key, path, options = {}) {
      checkObjectKey(key);
      options.signal?.throwIfAborted();
      await using file = await openLocalFile(path);
      const pieces: Buffer[] = [];
      for await (const piece of readPieces(file, { signal: options.signal })) pieces.push(piece);
      return putIfAbsent(key, Buffer.concat(pieces));
    },
    async replace(key, bytes) {
      checkObjectKey(key);
      entries.set(key, { bytes: Buffer.from(bytes), modifiedMs: nowMs() });
    },
    async *list(prefix) {
      checkKeyPrefix(prefix);
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix)).sort();
      for (const key of keys) {
        const entry = entries.get(key);
        if (entry !== undefined) yield infoOf(key, entry);
      }
    },
    async delete(key) {
      checkObjectKey(key);
      entries.delete(key);
    },
  };
}

/** A replaced or deleted entry's bytes are not changed, so they can be read on. */
async function* piecesOf(
  bytes: Buffer,
  { offset, lengthBytes }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const end = offset + lengthBytes;
  for (let at = offset; at < end; at += pieceBytes) {
    signal?.throwIfAborted();
    yield Buffer.from(bytes.subarray(at, Math.min(at + pieceBytes, end)));
  }
}

function infoOf(key: string, entry: Entry): ObjectInfo {
  return { key, sizeBytes: entry.bytes.length, modifiedMs: entry.modifiedMs };
}
