import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { registerObjectStoreContract } from './object-store-contract.ts';

registerObjectStoreContract({
  name: 'memory',
  skipReason: null,
  open: async () => ({
    store: createMemoryObjectStore(),
    async [Symbol.asyncDispose]() {},
  }),
});
