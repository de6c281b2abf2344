import type { ObjectStore } from '../../src/store/object-store.ts';

export type StoreCall =
  | 'get'
  | 'getRange'
  | 'openRead'
  | 'head'
  | 'put'
  | 'putFile'
  | 'replace'
  | 'delete'
  | 'list';

/** What a test does around the calls of a store: wait, change the store, throw. */
export interface StoreHooks {
  before?(call: StoreCall, key: string): Promise<void> | void;
  after?(call: StoreCall, key: string): Promise<void> | void;
}

/** A store whose calls can be held up, answered with failures, or interleaved with those of others. */
export function hookStore(inner: ObjectStore, hooks: StoreHooks): ObjectStore {
  const around = async <T>(call: StoreCall, key: string, work: () => Promise<T>): Promise<T> => {
    await hooks.before?.(call, key);
    const outcome = await work();
    await hooks.after?.(call, key);
    return outcome;
  };
  return {
    url: inner.url,
    get: (key, options) => around('get', key, () => inner.get(key, options)),
    getRange: (key, offset, lengthBytes, options) =>
      around('getRange', key, () => inner.getRange(key, offset, lengthBytes, options)),
    openRead: (key, options) => around('openRead', key, () => inner.openRead(key, options)),
    head: (key) => around('head', key, () => inner.head(key)),
    put: (key, bytes) => around('put', key, () => inner.put(key, bytes)),
    putFile: (key, path, options) =>
      around('putFile', key, () => inner.putFile(key, path, options)),
    replace: (key, bytes) => around('replace', key, () => inner.replace(key, bytes)),
    delete: (key) => around('delete', key, () => inner.delete(key)),
    async *list(prefix) {
      await hooks.before?.('list', prefix);
      yield* inner.list(prefix);
      await hooks.after?.('list', prefix);
    },
  };
}

/** Every object with its bytes and its time: what must be equal when nothing was changed. */
export async function snapshot(store: ObjectStore): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  for await (const { key, modifiedMs } of store.list(''))
    objects[key] = `${modifiedMs} ${(await store.get(key)).toString('base64')}`;
  return objects;
}

export async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
