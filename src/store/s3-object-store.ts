import { AshlarError } from '../errors/ashlar-error.ts';
import { openLocalFile } from './local-file.ts';
import { checkByteRange, checkIsRange, objectMissing, objectTruncated } from './object-errors.ts';
import { checkKeyPrefix, checkObjectKey, isObjectKey } from './object-key.ts';
import { defaultMaxBytes, type ObjectInfo, type ObjectStore } from './object-store.ts';
import type { S3StoreOptions } from './s3-client.ts';
import { isMissingObject } from './s3-errors.ts';
import { openS3Read } from './s3-open-read.ts';
import { putS3File } from './s3-put-file.ts';
import { putS3Object } from './s3-put.ts';
import { readS3Object } from './s3-read.ts';
import { openS3Target, type S3Target } from './s3-target.ts';
import type { StoreDriver } from './store-format.ts';
import type { S3Location } from './store-url.ts';

/**
 * The store in a bucket of S3 or of what speaks it; the server must honour `If-None-Match: *` on PUT. Requests are made
 * again by the SDK, cut bodies here, and each operation ends within `timeouts.totalMs`. A put that fails after its
 * request was sent may still take effect on the server.
 */
export async function createS3ObjectStore(
  location: S3Location,
  options: S3StoreOptions = {},
): Promise<StoreDriver> {
  const target = await openS3Target(location, options);
  const { url } = target;
  const head = createHead(target);
  return {
    url,
    head,
    async get(key, options = {}) {
      checkObjectKey(key);
      const maxBytes = options.maxBytes ?? defaultMaxBytes;
      return readS3Object(target, { key, maxBytes, signal: options.signal });
    },
    async getRange(key, offset, lengthBytes, options = {}) {
      checkObjectKey(key);
      const range = { offset, lengthBytes };
      checkByteRange({ url, key }, range);
      if (lengthBytes > 0) {
        return readS3Object(target, { key, maxBytes: lengthBytes, range, signal: options.signal });
      }
      options.signal?.throwIfAborted();
      const info = await head(key);
      if (info === null) throw objectMissing({ url, key });
      const { sizeBytes } = info;
      if (offset > sizeBytes) throw objectTruncated({ url, key }, { ...range, sizeBytes });
      return Buffer.alloc(0);
    },
    async openRead(key, options = {}) {
      checkObjectKey(key);
      const { offset = 0, lengthBytes = 0 } = options;
      checkIsRange({ url, key }, { offset, lengthBytes });
      options.signal?.throwIfAborted();
      return openS3Read(target, key, { ...options, head });
    },
    async put(key, bytes) {
      checkObjectKey(key);
      return putS3Object(target, key, bytes);
    },
    async putFile(key, path, { signal } = {}) {
      checkObjectKey(key);
      signal?.throwIfAborted();
      await using file = await openLocalFile(path);
      return await putS3File(target, key, { file, signal });
    },
    async replace(key, bytes) {
      checkObjectKey(key);
      await target.operate('write', async (abortSignal) => {
        const command = new target.sdk.PutObjectCommand({ ...target.objectOf(key), Body: bytes });
        await target.client.send(command, { abortSignal });
      });
    },
    async *list(prefix) {
      checkKeyPrefix(prefix);
      yield* listObjects(target, prefix);
    },
    async delete(key) {
      checkObjectKey(key);
      await target.operate('delete', async (abortSignal) => {
        try {
          const command = new target.sdk.DeleteObjectCommand(target.objectOf(key));
          await target.client.send(command, { abortSignal });
        } catch (error) {
          if (!isMissingObject(error)) throw error;
        }
      });
    },
    async anyName() {
      const { infos } = await listPage(target, { prefix: '', maxKeys: 1 });
      return infos[0]?.key;
    },
  };
}

/** HEAD has no body to tell a missing bucket from a missing object, so the first miss asks for the bucket. */
function createHead(target: S3Target): ObjectStore['head'] {
  let bucketSeen = false;
  return async (key): Promise<ObjectInfo | null> => {
    checkObjectKey(key);
    return target.operate('read', async (abortSignal) => {
      try {
        const command = new target.sdk.HeadObjectCommand(target.objectOf(key));
        const found = await target.client.send(command, { abortSignal });
        bucketSeen = true;
        return {
          key,
          sizeBytes: found.ContentLength ?? 0,
          modifiedMs: found.LastModified?.getTime() ?? 0,
        };
      } catch (error) {
        if (!isMissingObject(error)) throw error;
      }
      if (!bucketSeen) {
        const command = new target.sdk.HeadBucketCommand({ Bucket: target.bucket });
        await target.client.send(command, { abortSignal });
        bucketSeen = true;
      }
      return null;
    });
  };
}

async function* listObjects(target: S3Target, prefix: string): AsyncGenerator<ObjectInfo> {
  let token: string | undefined;
  let last = '';
  do {
    const page: Page = await listPage(target, { prefix, token });
    for (const info of page.infos) {
      if (!isObjectKey(info.key)) continue;
      if (info.key <= last) throw unsorted(target, last, info.key);
      last = info.key;
      yield info;
    }
    token = page.nextToken;
  } while (token !== undefined);
}

interface Page {
  readonly infos: readonly ObjectInfo[];
  readonly nextToken: string | undefined;
}

interface PageRequest {
  readonly prefix: string;
  readonly token?: string | undefined;
  readonly maxKeys?: number;
}

async function listPage(target: S3Target, request: PageRequest): Promise<Page> {
  return target.operate('list', async (abortSignal) => {
    const command = new target.sdk.ListObjectsV2Command({
      Bucket: target.bucket,
      Prefix: target.prefix + request.prefix,
      MaxKeys: request.maxKeys,
      ContinuationToken: request.token,
    });
    const page = await target.client.send(command, { abortSignal });
    const infos = (page.Contents ?? []).map((entry) => ({
      key: (entry.Key ?? '').slice(target.prefix.length),
      sizeBytes: entry.Size ?? 0,
      modifiedMs: entry.LastModified?.getTime() ?? 0,
    }));
    const nextToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    const isListing = page.IsTruncated !== undefined || page.Contents !== undefined;
    if (!isListing || (page.IsTruncated === true && nextToken === undefined))
      throw notAListing(target);
    return { infos, nextToken };
  });
}

/** An answer that stops short must not be taken for all there is: a collection would take the rest for unused. */
function notAListing(target: S3Target): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `bucket ${target.bucket} at ${target.endpoint} answers a listing with something else, or with a part that has no next`,
    {
      data: { bucket: target.bucket, endpoint: target.endpoint },
      hint: 'Use a server, and proxies before it, that speak ListObjectsV2.',
    },
  );
}

function unsorted(target: S3Target, before: string, after: string): AshlarError {
  return new AshlarError(
    'store_url_invalid',
    `bucket ${target.bucket} at ${target.endpoint} lists ${before} before ${after}, which is not by byte order`,
    { data: { bucket: target.bucket }, hint: 'Use a general purpose bucket.' },
  );
}
