import { stat } from 'node:fs/promises';
import { createObjectRead } from './object-read.ts';
import type { ObjectRead, ObjectStore } from './object-store.ts';

export type StoreOperation =
  | 'get'
  | 'getRange'
  | 'openRead'
  | 'head'
  | 'put'
  | 'putFile'
  | 'replace'
  | 'list'
  | 'delete';

export interface OperationCount {
  /** Calls, whatever came of them. A listing is one call. */
  readonly calls: number;
  /** Of the calls, those that failed. */
  readonly failures: number;
  /** Bytes that reads gave and writes were given, of the calls that did not fail; of `openRead` all that it gave. */
  readonly bytes: number;
}

export type StoreCounts = Readonly<Record<StoreOperation, OperationCount>>;

export interface MeteredObjectStore extends ObjectStore {
  /** What was counted since the store was made. */
  counts(): StoreCounts;
}

const operations: readonly StoreOperation[] = [
  'get',
  'getRange',
  'openRead',
  'head',
  'put',
  'putFile',
  'replace',
  'list',
  'delete',
];

/** Counts what is asked of `inner`. */
export function meterObjectStore(inner: ObjectStore): MeteredObjectStore {
  const zero: OperationCount = { calls: 0, failures: 0, bytes: 0 };
  const counts = Object.fromEntries(operations.map((operation) => [operation, zero])) as Record<
    StoreOperation,
    OperationCount
  >;

  function add(operation: StoreOperation, more: Partial<OperationCount>): void {
    const { calls, failures, bytes } = counts[operation];
    counts[operation] = {
      calls: calls + (more.calls ?? 0),
      failures: failures + (more.failures ?? 0),
      bytes: bytes + (more.bytes ?? 0),
    };
  }

  async function count<T>(
    operation: StoreOperation,
    work: Promise<T>,
    bytesOf: (outcome: T) => number | Promise<number>,
  ): Promise<T> {
    add(operation, { calls: 1 });
    try {
      const outcome = await work;
      add(operation, { bytes: await bytesOf(outcome) });
      return outcome;
    } catch (error) {
      add(operation, { failures: 1 });
      throw error;
    }
  }

  async function* countPieces(read: ObjectRead): AsyncGenerator<Buffer> {
    try {
      for await (const piece of read) {
        add('openRead', { bytes: piece.length });
        yield piece;
      }
    } catch (error) {
      add('openRead', { failures: 1 });
      throw error;
    }
  }

  return {
    url: inner.url,
    counts: () => ({ ...counts }),
    get: (key, options) => count('get', inner.get(key, options), (bytes) => bytes.length),
    getRange: (key, offset, lengthBytes, options) =>
      count('getRange', inner.getRange(key, offset, lengthBytes, options), (bytes) => bytes.length),
    async openRead(key, options) {
      const read = await count('openRead', inner.openRead(key, options), none);
      const close = async (): Promise<void> => read[Symbol.asyncDispose]();
      return createObjectRead({ info: read.info, pieces: countPieces(read), close });
    },
    head: (key) => count('head', inner.head(key), none),
    put: (key, bytes) => count('put', inner.put(key, bytes), () => bytes.length),
    putFile: (key, path, options) =>
      count('putFile', inner.putFile(key, path, options), async () => (await stat(path)).size),
    replace: (key, bytes) => count('replace', inner.replace(key, bytes), () => bytes.length),
    delete: (key) => count('delete', inner.delete(key), none),
    async *list(prefix) {
      add('list', { calls: 1 });
      try {
        yield* inner.list(prefix);
      } catch (error) {
        add('list', { failures: 1 });
        throw error;
      }
    },
  };
}

function none(): number {
  return 0;
}
