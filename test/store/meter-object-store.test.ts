import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../src/store/meter-object-store.ts';
import { registerObjectStoreContract } from './object-store-contract.ts';
import { listed } from './object-store-listing-contract.ts';

registerObjectStoreContract({
  name: 'meter over memory',
  skipReason: null,
  open: async () => ({
    store: meterObjectStore(createMemoryObjectStore()),
    async [Symbol.asyncDispose]() {},
  }),
});

describe('meterObjectStore', () => {
  it('counts calls, failures and bytes by operation', async () => {
    const store = meterObjectStore(createMemoryObjectStore());
    await store.put('one', Buffer.alloc(100));
    await store.put('one', Buffer.alloc(100));
    await store.replace('two', Buffer.alloc(7));
    await store.get('one');
    await store.getRange('one', 10, 20);
    for await (const piece of await store.openRead('one', { offset: 40 }))
      expect(piece).toHaveLength(60);
    await expect(store.openRead('none')).rejects.toMatchObject({ code: 'object_missing' });
    await store.putFile('file', import.meta.filename);
    await store.head('none');
    await store.delete('two');
    await listed(store, '');
    await expect(store.get('none')).rejects.toMatchObject({ code: 'object_missing' });
    await expect(listed(store, '..//')).rejects.toMatchObject({ code: 'object_key_invalid' });
    expect(store.counts()).toEqual({
      get: { calls: 2, failures: 1, bytes: 100 },
      getRange: { calls: 1, failures: 0, bytes: 20 },
      openRead: { calls: 2, failures: 1, bytes: 60 },
      putFile: { calls: 1, failures: 0, bytes: statSync(import.meta.filename).size },
      head: { calls: 1, failures: 0, bytes: 0 },
      put: { calls: 2, failures: 0, bytes: 200 },
      replace: { calls: 1, failures: 0, bytes: 7 },
      list: { calls: 2, failures: 1, bytes: 0 },
      delete: { calls: 1, failures: 0, bytes: 0 },
    });
  });

  it('gives counts that later calls do not change', async () => {
    const store = meterObjectStore(createMemoryObjectStore());
    const before = store.counts();
    await store.head('none');
    expect(before.head.calls).toBe(0);
    expect(store.counts().head.calls).toBe(1);
  });
});
