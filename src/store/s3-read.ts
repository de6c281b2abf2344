import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type ByteRange, objectMissing, objectTooLarge, objectTruncated } from './object-errors.ts';
import { BodyCut, readBody } from './s3-body.ts';
import { httpStatusOf, isMissingObject } from './s3-errors.ts';
import type { S3Target } from './s3-target.ts';

export interface S3Read {
  readonly key: string;
  readonly maxBytes: number;
  /** The whole object when left out; of at least one byte. */
  readonly range?: ByteRange;
  readonly signal?: AbortSignal | undefined;
}

/** Reads an object or a range of it, and again, up to `maxAttempts` times, when the body is cut. */
export async function readS3Object(target: S3Target, read: S3Read): Promise<Buffer> {
  return target.operate(
    'read',
    async (signal) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await readOnce(target, read, signal);
        } catch (error) {
          const again = error instanceof BodyCut && attempt < target.maxAttempts && !signal.aborted;
          if (!again) throw error;
        }
      }
    },
    { signal: read.signal },
  );
}

async function readOnce(target: S3Target, read: S3Read, signal: AbortSignal): Promise<Buffer> {
  const { key, maxBytes, range } = read;
  const place = { url: target.url, key };
  const response = await request(target, read, signal);
  const body = response.Body as Readable;
  if (range !== undefined) {
    const failure = rangeFailure(target, key, range, response.ContentRange);
    if (failure !== undefined) {
      body.destroy();
      throw failure;
    }
  }
  const sizeBytes = response.ContentLength;
  return readBody(body, {
    expectedBytes: range?.lengthBytes ?? sizeBytes,
    maxBytes,
    tooLarge: () =>
      objectTooLarge(place, { maxBytes, ...(sizeBytes === undefined ? {} : { sizeBytes }) }),
  });
}

async function request(
  target: S3Target,
  { key, range }: S3Read,
  signal: AbortSignal,
): Promise<GetObjectCommandOutput> {
  const place = { url: target.url, key };
  const command = new target.sdk.GetObjectCommand({
    ...target.objectOf(key),
    ...(range === undefined
      ? {}
      : { Range: `bytes=${range.offset}-${range.offset + range.lengthBytes - 1}` }),
  });
  try {
    return await target.client.send(command, { abortSignal: signal });
  } catch (error) {
    if (isMissingObject(error)) throw objectMissing(place, error);
    if (range !== undefined && httpStatusOf(error) === 416) throw objectTruncated(place, range);
    throw error;
  }
}

export interface ContentRange {
  readonly first: number;
  readonly last: number;
  /** Of the whole object, where the server says it. */
  readonly sizeBytes: number | undefined;
}

/** What the server says it sends: `bytes FIRST-LAST/SIZE` (RFC 9110, section 14.4). */
export function parseContentRange(text: string | undefined): ContentRange | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text ?? '');
  if (match === null) return null;
  const size = match[3] === '*' ? undefined : Number(match[3]);
  return { first: Number(match[1]), last: Number(match[2]), sizeBytes: size };
}

/** The failure that the server sent something else than the range it was asked for. */
export function notTheRange(target: S3Target, contentRange: string | undefined): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `bucket ${target.bucket} at ${target.endpoint} answers a range with ${contentRange ?? 'the whole object'}`,
    {
      data: { bucket: target.bucket, endpoint: target.endpoint },
      hint: 'Use a server, and proxies before it, that honour Range on GET.',
    },
  );
}

function rangeFailure(
  target: S3Target,
  key: string,
  range: ByteRange,
  contentRange: string | undefined,
): AshlarError | undefined {
  const sent = parseContentRange(contentRange);
  if (sent === null || sent.first !== range.offset) return notTheRange(target, contentRange);
  const size = sent.sizeBytes === undefined ? {} : { sizeBytes: sent.sizeBytes };
  return sent.last - sent.first + 1 === range.lengthBytes
    ? undefined
    : objectTruncated({ url: target.url, key }, { ...range, ...size });
}
