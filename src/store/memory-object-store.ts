import { checkByteRange, objectMissing, objectTooLarge, objectTruncated } from './object-errors.ts';
import { checkKeyPrefix, checkObjectKey } from './object-key.ts';
import { defaultMaxBytes, type ObjectInfo, type ObjectStore } from './object-store.ts';

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
    async head(key) {
      checkObjectKey(key);
      const entry = entries.get(key);
      return entry === undefined ? null : infoOf(key, entry);
    },
    async put(key, bytes) {
      checkObjectKey(key);
      if (entries.has(key)) return 'exists';
      entries.set(key, { bytes: Buffer.from(bytes), modifiedMs: nowMs() });
      return 'created';
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

function infoOf(key: string, entry: Entry): ObjectInfo {
  return { key, sizeBytes: entry.bytes.length, modifiedMs: entry.modifiedMs };
}
