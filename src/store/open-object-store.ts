import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { SharedReads } from '../flow/shared-reads.ts';
import { naming } from './fs-errors.ts';
import { makeDirectoriesDurably } from './fs-folders.ts';
import { createFsObjectStore } from './fs-object-store.ts';
import { sweepTemporaries } from './fs-temporaries.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3StoreOptions } from './s3-client.ts';
import { createS3ObjectStore } from './s3-object-store.ts';
import {
  type CreateStore,
  ensureStoreFormat,
  storeMissing,
  type StoreKind,
} from './store-format.ts';
import { type FsLocation, parseStoreUrl } from './store-url.ts';

export interface OpenStoreOptions {
  /** Default `if-missing`; commands that only read say `never` and get `store_missing`. */
  readonly create?: CreateStore;
  /** Default `images`. A cache is not synced to disk. */
  readonly kind?: StoreKind;
  /** For directories: many read the same objects in pieces at the same time. Default: each for itself. */
  readonly reads?: SharedReads;
  readonly nowMs?: () => number;
  /** Where AWS_REGION is read from. The SDK's own credential chain always reads the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly s3?: S3StoreOptions;
}

const staleAfterMs = 24 * 60 * 60 * 1000;

/**
 * Opens the store at `url`: `file:///dir` or `s3://bucket/prefix?endpoint=http://host:port&region=NAME`, and checks
 * that it is one (see `store-format.ts`). The region is the URL's, else AWS_REGION, else us-east-1; credentials come from
 * the environment or the AWS profile. A store that cannot be written opens for reading once it has its format object.
 *
 * Throws `store_url_invalid`, `store_missing`, `store_newer_format`, `store_format_missing`, `store_unreachable`, and
 * when the store must be made also `store_read_only` and `store_full`.
 */
export async function openObjectStore(
  url: string,
  options: OpenStoreOptions = {},
): Promise<ObjectStore> {
  const location = parseStoreUrl(url);
  if (location.kind === 'fs') return openFsStore(location, options);
  const env = options.env ?? process.env;
  const store = await createS3ObjectStore(location, {
    ...options.s3,
    defaultRegion: env['AWS_REGION'] || 'us-east-1',
  });
  const { create = 'if-missing', kind = 'images' } = options;
  await ensureStoreFormat(store, { create, kind });
  return store;
}

async function openFsStore(location: FsLocation, options: OpenStoreOptions): Promise<ObjectStore> {
  const { directory } = location;
  const { create = 'if-missing', kind = 'images' } = options;
  const nowMs = options.nowMs ?? Date.now;
  if (!(await isDirectory(directory))) {
    if (create === 'never') throw storeMissing(pathToFileURL(directory).href);
    await naming({ action: 'write', path: directory }, () => makeDirectoriesDurably(directory));
  }
  const store = await createFsObjectStore(directory, {
    nowMs,
    durability: kind === 'cache' ? 'unsynced' : 'synced',
    ...(options.reads === undefined ? {} : { reads: options.reads }),
  });
  await ensureStoreFormat(store, { create, kind });
  await naming({ action: 'write', path: directory }, () =>
    sweepTemporaries(directory, { olderThanMs: staleAfterMs, nowMs: nowMs() }),
  );
  return store;
}

/** False when there is nothing; `store_url_invalid` when there is something else. */
async function isDirectory(path: string): Promise<boolean> {
  return naming({ action: 'read', path }, async () => {
    try {
      const found = await stat(path);
      if (found.isDirectory()) return true;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT') return false;
      if (code !== 'ENOTDIR') throw error;
    }
    throw new AshlarError('store_url_invalid', `not a store: ${path} is not a directory`, {
      data: { path },
    });
  });
}
