import type { CompletedPart } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AshlarError } from '../errors/ashlar-error.ts';
import { isRepeatable } from './s3-errors.ts';
import { holderOf } from './s3-put.ts';
import {
  type FileSlice,
  type FileSource,
  hashSlice,
  sendSlice,
  signedBody,
} from './s3-send-slice.ts';
import type { S3Target } from './s3-target.ts';

/** Of one upload (S3 user guide, "Multipart upload limits"). */
const maxParts = 10_000;
const mebibyte = 1024 * 1024;
const retryPauseMs = 200;

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/**
 * Stores a file in parts, one after another, if its key is free. What was sent is thrown away on failure; of a writer that
 * is killed it stays, so a bucket needs a rule that ends incomplete uploads (AbortIncompleteMultipartUpload).
 *
 * Who holds the key is asked before the parts and after them, and the last request is conditional. Some servers (Ceph
 * RGW) pass over that condition: there, of writers whose last requests meet, each may get `created`, and the object is
 * that of the last one.
 */
export async function putS3Parts(
  target: S3Target,
  key: string,
  source: FileSource,
): Promise<'created' | 'exists'> {
  const writer = randomUUID();
  const { signal } = source;
  const holder = (): Promise<string | null> =>
    target.operate('read', (inner) => holderOf(target, key, inner), { signal });
  if ((await holder()) !== null) return 'exists';
  const upload = await begin(target, key, writer);
  let outcome: 'created' | 'exists';
  try {
    const parts = await sendParts(target, upload, source);
    const isTaken = (await holder()) !== null;
    outcome = isTaken
      ? 'exists'
      : await complete(target, { upload, parts, signal, writer, holder });
  } catch (error) {
    await abandon(target, upload);
    throw error;
  }
  if (outcome === 'exists') await abandon(target, upload);
  return outcome;
}

/** Not ended by the caller's signal: an upload whose name did not arrive could not be thrown away. */
async function begin(target: S3Target, key: string, writer: string): Promise<Upload> {
  const place = target.objectOf(key);
  return target.operate('write', async (abortSignal) => {
    const input = { ...place, Metadata: { writer } };
    const command = new target.sdk.CreateMultipartUploadCommand(input);
    const { UploadId } = await target.client.send(command, { abortSignal });
    if (UploadId === undefined) throw noUpload(target);
    return { ...place, UploadId };
  });
}

async function sendParts(
  target: S3Target,
  upload: Upload,
  { file, signal }: FileSource,
): Promise<CompletedPart[]> {
  const fewest = Math.ceil(file.sizeBytes / maxParts / mebibyte) * mebibyte;
  const partBytes = Math.max(target.partBytes, fewest);
  const parts: CompletedPart[] = [];
  for (let offset = 0; offset < file.sizeBytes; offset += partBytes) {
    const range = { offset, lengthBytes: Math.min(partBytes, file.sizeBytes - offset) };
    const number = parts.length + 1;
    const work = (inner: AbortSignal): Promise<CompletedPart> =>
      sendPart(target, { upload, number, slice: { file, range }, signal: inner });
    parts.push(await target.operate('write', work, { signal, sizeBytes: range.lengthBytes }));
  }
  return parts;
}

interface Part {
  readonly upload: Upload;
  readonly number: number;
  readonly slice: FileSlice;
  readonly signal: AbortSignal;
}

async function sendPart(target: S3Target, part: Part): Promise<CompletedPart> {
  const { upload, number, slice, signal } = part;
  const sha256 = await hashSlice(slice, signal);
  for (let tries = 1; ; tries += 1) {
    try {
      const sent = await sendSlice(slice, signal, (body, abortSignal) => {
        const input = { ...upload, ...body, PartNumber: number };
        const command = new target.sdk.UploadPartCommand(input);
        command.middlewareStack.add(signedBody(sha256), { step: 'build' });
        return target.client.send(command, { abortSignal });
      });
      return { PartNumber: number, ...(sent.ETag === undefined ? {} : { ETag: sent.ETag }) };
    } catch (error) {
      if (!isRepeatable(error) || tries === target.maxAttempts) throw error;
    }
    await pause(retryPauseMs * tries, undefined, { signal });
  }
}

interface Completion {
  readonly upload: Upload;
  readonly parts: CompletedPart[];
  readonly signal: AbortSignal | undefined;
  readonly writer: string;
  readonly holder: () => Promise<string | null>;
}

async function complete(target: S3Target, completion: Completion): Promise<'created' | 'exists'> {
  const { upload, parts, signal, writer, holder } = completion;
  const input = { ...upload, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
  const work = async (inner: AbortSignal): Promise<'created' | 'exists'> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const command = new target.sdk.CompleteMultipartUploadCommand(input);
        await target.client.send(command, { abortSignal: inner });
        return 'created';
      } catch (error) {
        // The key was taken, or the answer of a completion was lost.
        const now = await holder();
        if (now !== null) return now === writer ? 'created' : 'exists';
        if (!isRepeatable(error) || tries === target.maxAttempts) throw error;
      }
      await pause(retryPauseMs * tries, undefined, { signal: inner });
    }
  };
  return target.operate('write', work, { signal });
}

/** As far as the server lets it: what led here is what counts. */
async function abandon(target: S3Target, upload: Upload): Promise<void> {
  try {
    await target.operate('write', async (abortSignal) => {
      await target.client.send(new target.sdk.AbortMultipartUploadCommand(upload), { abortSignal });
    });
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
  }
}

function noUpload(target: S3Target): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `bucket ${target.bucket} at ${target.endpoint} begins an upload in parts without naming it`,
    { data: { bucket: target.bucket, endpoint: target.endpoint } },
  );
}
