import { tmpdir } from 'node:os';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { createFsObjectStore, type FsStoreOptions } from '../../src/store/fs-object-store.ts';
import { type ContractSubject, registerObjectStoreContract } from './object-store-contract.ts';

async function openSubject(options: FsStoreOptions): Promise<ContractSubject> {
  const directory = await createTempDir(tmpdir(), 'ashlar-fs-store');
  return {
    store: await createFsObjectStore(directory.path, options),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

registerObjectStoreContract({
  name: 'directory',
  skipReason: null,
  open: () => openSubject({}),
});

registerObjectStoreContract({
  name: 'directory on a file system without hard links',
  skipReason: null,
  open: () =>
    openSubject({
      link: async () => {
        throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
      },
    }),
});
