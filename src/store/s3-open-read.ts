import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { addAbortSignal, type Readable } from 'node:stream';
import { AshlarError } from '../errors/ashlar-error.ts';
import { objectMissing, objectTruncated, rangeWithin } from './object-errors.ts';
import { createObjectRead } from './object-read.ts';
import type { ObjectInfo, ObjectRead, ObjectStore, OpenReadOptions } from './object-store.ts';
import { BodyCut } from './s3-body.ts';
import { httpStatusOf, isMissingObject } from './s3-errors.ts';
import { notTheRange, parseContentRange } from './s3-read.ts';
import type { S3Target } from './s3-target.ts';

/** What a reader gets at once; the SDK's body comes in pieces of up to 64 KiB. */
interface Opened {
  readonly body: Readable;
  readonly info: ObjectInfo;
  readonly etag: string | undefined;
}

interface Wanted {
  readonly key: string;
  readonly offset: number;
  /** Exclusive; undefined for the end of the object. */
  readonly end: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * One GET for the whole range. A body that is cut, also because its reader paused for longer than the idle time, is asked
 * for again from where it ended, up to `maxAttempts` times without a byte between; the ETag says that it is the same object.
 */
export async function openS3Read(
  target: S3Target,
  key: string,
  options: OpenReadOptions & { readonly head: ObjectStore['head'] },
): Promise<ObjectRead> {
  const { offset = 0, lengthBytes, signal } = options;
  const end = lengthBytes === undefined ? undefined : offset + lengthBytes;
  const wanted = { key, offset, end, signal };
  const opened = lengthBytes === 0 ? null : await openBody(target, wanted);
  if (opened === null) return openNothing(target, key, options);
  try {
    const range = rangeWithin({ url: target.url, key }, options, opened.info.sizeBytes);
    const last = { ...wanted, end: range.offset + range.lengthBytes };
    return createObjectRead({
      info: opened.info,
      pieces: readOn(target, last, opened),
      close: () => void opened.body.destroy(),
    });
  } catch (error) {
    opened.body.destroy();
    throw error;
  }
}

/** A range without bytes, which HTTP cannot ask for, or one that begins behind the object's end. */
async function openNothing(
  target: S3Target,
  key: string,
  options: OpenReadOptions & { readonly head: ObjectStore['head'] },
): Promise<ObjectRead> {
  const info = await options.head(key);
  if (info === null) throw objectMissing({ url: target.url, key });
  const range = rangeWithin({ url: target.url, key }, options, info.sizeBytes);
  if (range.lengthBytes > 0) throw objectTruncated({ url: target.url, key }, range);
  return createObjectRead({ info, pieces: noPieces(), close: () => {} });
}

async function* noPieces(): AsyncGenerator<Buffer> {}

interface Bounded extends Wanted {
  readonly end: number;
}

async function* readOn(target: S3Target, wanted: Bounded, first: Opened): AsyncGenerator<Buffer> {
  const { key, end, signal } = wanted;
  let at = wanted.offset;
  let { body } = first;
  let attempts = 1;
  while (at < end) {
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        signal?.throwIfAborted();
        if (at + chunk.length > end) throw tooMuch(target, key);
        at += chunk.length;
        attempts = 1;
        yield chunk;
      }
      if (at >= end) return;
      throw new BodyCut(`the body of ${key} ended after ${at} of ${end} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AshlarError) throw error;
      if (attempts === target.maxAttempts) {
        await target.operate('read', () => Promise.reject(asCut(error, key, { at, end })));
      }
    }
    attempts += 1;
    const next = await openBody(target, { ...wanted, offset: at });
    if (next === null || next.etag !== first.etag) {
      next?.body.destroy();
      throw replaced(target, key);
    }
    body = next.body;
  }
}

function asCut(
  error: unknown,
  key: string,
  { at, end }: { readonly at: number; readonly end: number },
): BodyCut {
  if (error instanceof BodyCut) return error;
  return new BodyCut(`the body of ${key} ended after ${at} of ${end} bytes`, { cause: error });
}

/** Null where the object ends at or before the offset. */
async function openBody(target: S3Target, wanted: Wanted): Promise<Opened | null> {
  const { key, offset, end, signal } = wanted;
  const place = { url: target.url, key };
  const isWhole = offset === 0 && end === undefined;
  return target.operate(
    'read',
    async (abortSignal) => {
      try {
        const command = new target.sdk.GetObjectCommand({
          ...target.objectOf(key),
          ...(isWhole ? {} : { Range: `bytes=${offset}-${end === undefined ? '' : end - 1}` }),
        });
        const response = await target.client.send(command, { abortSignal });
        const body = response.Body as Readable;
        if (signal !== undefined) addAbortSignal(signal, body);
        body.on('error', () => {}); // it is told to who reads, or to nobody
        return { body, info: infoOf(target, response, wanted), etag: response.ETag };
      } catch (error) {
        if (isMissingObject(error)) throw objectMissing(place, error);
        if (httpStatusOf(error) === 416) return null;
        throw error;
      }
    },
    { signal },
  );
}

function infoOf(target: S3Target, response: GetObjectCommandOutput, wanted: Wanted): ObjectInfo {
  const { key, offset, end } = wanted;
  const isWhole = offset === 0 && end === undefined;
  const sent = parseContentRange(response.ContentRange);
  const sizeBytes = isWhole ? response.ContentLength : sent?.sizeBytes;
  if (sizeBytes === undefined || (!isWhole && sent?.first !== offset)) {
    (response.Body as Readable).destroy();
    throw notTheRange(target, response.ContentRange);
  }
  return { key, sizeBytes, modifiedMs: response.LastModified?.getTime() ?? 0 };
}

function replaced(target: S3Target, key: string): AshlarError {
  return new AshlarError(
    'object_missing',
    `object ${key} in ${target.url} was replaced while it was read`,
    { data: { url: target.url, key } },
  );
}

function tooMuch(target: S3Target, key: string): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `bucket ${target.bucket} at ${target.endpoint} sends more of ${key} than it was asked for`,
    { data: { bucket: target.bucket, endpoint: target.endpoint } },
  );
}
