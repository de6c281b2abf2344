import type { ObjectStore } from './object-store.ts';

export type StoreOperation = 'get' | 'getRange' | 'head' | 'put' | 'replace' | 'list' | 'delete';

export interface OperationCount {
  /** Calls, whatever came of them. A listing is one call. */
  readonly calls: number;
  /** Of the calls, those that failed. */
  readonly failures: number;
  /** Bytes that reads gave and writes were given, of the calls that did not fail. */
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
  'head',
  'put',
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
    bytesOf: (outcome: T) => number,
  ): Promise<T> {
    add(operation, { calls: 1 });
    try {
      const outcome = await work;
      add(operation, { bytes: bytesOf(outcome) });
      return outcome;
    } catch (error) {
      add(operation, { failures: 1 });
      throw error;
    }
  }

  return {
    url: inner.url,
    counts: () => ({ ...counts }),
    get: (key, options) => count('get', inner.get(key, options), (bytes) => bytes.length),
    getRange: (key, offset, lengthBytes, options) =>
      count('getRange', inner.getRange(key, offset, lengthBytes, options), (bytes) => bytes.length),
    head: (key) => count('head', inner.head(key), none),
    put: (key, bytes) => count('put', inner.put(key, bytes), () => bytes.length),
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
