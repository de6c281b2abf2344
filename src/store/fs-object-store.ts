import { link, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { type SharedReads, unsharedReads } from '../flow/shared-reads.ts';
import { type FsAccess, naming } from './fs-errors.ts';
import { listFiles } from './fs-list.ts';
import { openFsRead } from './fs-open-read.ts';
import { ignorableAtTop } from './fs-paths.ts';
import { createFsPublisher } from './fs-publish.ts';
import { type OpenFile, readUpTo, withFile, withRegularFile } from './fs-read.ts';
import { type Durability, fsSyncFor } from './fs-sync.ts';
import { openTemporaries } from './fs-temporaries.ts';
import { openLocalFile, readPieces } from './local-file.ts';
import {
  checkByteRange,
  checkIsRange,
  objectMissing,
  objectTooLarge,
  objectTruncated,
} from './object-errors.ts';
import { checkKeyPrefix, checkObjectKey } from './object-key.ts';
import { defaultMaxBytes, type ObjectInfo } from './object-store.ts';
import type { StoreDriver } from './store-format.ts';

export interface FsStoreOptions {
  readonly nowMs?: () => number;
  /** Default `synced`. */
  readonly durability?: Durability;
  /** Of what is read in pieces (`openRead`). Default: each reader reads for itself. */
  readonly reads?: SharedReads;
  /** Stands in for link(2), to try what happens where a file system has none. */
  readonly link?: typeof link;
}

/**
 * The store in `directory`, an absolute path, on a local or shared file system (see `fs-paths.ts` for what lies
 * there). Writes nothing before the first `put` or `replace`, and never makes the directory itself: one that is
 * missing is `store_unreachable`, so that nothing is written below the mount point of a file system that is not mounted.
 *
 * Each read opens its file. Keeping files open was measured and left out: 50 instead of 62 us for 64 KiB.
 */
export async function createFsObjectStore(
  directory: string,
  options: FsStoreOptions = {},
): Promise<StoreDriver> {
  const url = pathToFileURL(directory).href;
  const { reads = unsharedReads } = options;
  const sync = fsSyncFor(options.durability ?? 'synced');
  const temporaries = await naming({ action: 'read', path: directory }, () =>
    openTemporaries(directory, sync),
  );
  const publisher = createFsPublisher({
    root: directory,
    temporaries,
    sync,
    nowMs: options.nowMs ?? Date.now,
    link: options.link ?? link,
  });

  function pathOf(key: string): string {
    checkObjectKey(key);
    return join(directory, key);
  }

  /** The outcome of `work`, or null where the file, but not the whole store, is missing. */
  async function ifThere<T>(
    access: FsAccess,
    work: (path: string) => Promise<T>,
  ): Promise<T | null> {
    return naming(access, async () => {
      try {
        return await work(access.path);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') throw error;
        await temporaries.checkPresent();
        return null;
      }
    });
  }

  async function read<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const outcome = await ifThere({ action: 'read', path: pathOf(key) }, work);
    if (outcome === null) throw objectMissing({ url, key });
    return outcome;
  }

  return {
    url,
    async get(key, options = {}) {
      options.signal?.throwIfAborted();
      const maxBytes = options.maxBytes ?? defaultMaxBytes;
      const bytes = await read(key, (path) =>
        withRegularFile(path, async ({ file, sizeBytes }) => {
          if (sizeBytes > maxBytes) throw objectTooLarge({ url, key }, { sizeBytes, maxBytes });
          return readUpTo(file, 0, sizeBytes);
        }),
      );
      options.signal?.throwIfAborted();
      return bytes;
    },
    async getRange(key, offset, lengthBytes, options = {}) {
      options.signal?.throwIfAborted();
      const range = { offset, lengthBytes };
      checkByteRange({ url, key }, range);
      if (lengthBytes === 0) {
        const sizeBytes = await read(key, (path) => withRegularFile(path, sizeOf));
        if (offset > sizeBytes) throw objectTruncated({ url, key }, { ...range, sizeBytes });
        return Buffer.alloc(0);
      }
      const bytes = await read(key, (path) =>
        withFile(path, (file) => readUpTo(file, offset, lengthBytes)),
      );
      options.signal?.throwIfAborted();
      if (bytes.length < lengthBytes) throw objectTruncated({ url, key }, range);
      return bytes;
    },
    async head(key): Promise<ObjectInfo | null> {
      return ifThere({ action: 'read', path: pathOf(key) }, (path) =>
        withRegularFile(path, async ({ sizeBytes, modifiedMs }) => ({
          key,
          sizeBytes,
          modifiedMs,
        })),
      );
    },
    async openRead(key, options = {}) {
      options.signal?.throwIfAborted();
      checkIsRange(
        { url, key },
        { offset: options.offset ?? 0, lengthBytes: options.lengthBytes ?? 0 },
      );
      return read(key, (path) => openFsRead({ url, key }, path, { ...options, reads }));
    },
    async put(key, bytes) {
      const path = pathOf(key);
      return naming({ action: 'write', path }, () => publisher.publishIfAbsent(path, bytes));
    },
    async putFile(key, source, options = {}) {
      const path = pathOf(key);
      const { signal } = options;
      signal?.throwIfAborted();
      await using file = await openLocalFile(source);
      return await naming({ action: 'write', path }, async () => {
        const linked = options.file === 'given' ? await publisher.linkIfAbsent(path, file) : null;
        if (linked === 'created' || linked === 'exists') return linked;
        return publisher.publishIfAbsent(path, readPieces(file, { signal }));
      });
    },
    async replace(key, bytes) {
      const path = pathOf(key);
      await naming({ action: 'write', path }, () => publisher.publish(path, bytes));
    },
    async *list(prefix) {
      checkKeyPrefix(prefix);
      const access = { action: 'read', path: directory } as const;
      await naming(access, () => temporaries.checkPresent());
      yield* listFiles(directory, prefix);
    },
    async delete(key) {
      await ifThere({ action: 'write', path: pathOf(key) }, unlink);
    },
    async anyName() {
      const access = { action: 'read', path: directory } as const;
      const names = (await ifThere(access, (path) => readdir(path))) ?? [];
      return names.find((name) => !ignorableAtTop.includes(name));
    },
  };
}

async function sizeOf(open: OpenFile): Promise<number> {
  return open.sizeBytes;
}
