import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readPieces } from './local-file.ts';
import { httpStatusOf, isRepeatable } from './s3-errors.ts';
import { putS3Parts } from './s3-put-parts.ts';
import { holderOf, putS3Object } from './s3-put.ts';
import { type FileSource, hashSlice, sendSlice, signedBody } from './s3-send-slice.ts';
import type { S3Target } from './s3-target.ts';

/** What is held in memory, so that the SDK makes its requests again by itself. */
const smallBytes = 1024 * 1024;
const retryPauseMs = 200;

/**
 * Stores a file if its key is free: as other objects up to 1 MiB, in one conditional PutObject up to `singlePutBytes`, in
 * parts beyond. Its bytes are read twice, as their SHA-256 is part of each request's signature.
 */
export async function putS3File(
  target: S3Target,
  key: string,
  source: FileSource,
): Promise<'created' | 'exists'> {
  const { file, signal } = source;
  if (file.sizeBytes > target.singlePutBytes) return putS3Parts(target, key, source);
  if (file.sizeBytes > smallBytes) return putWhole(target, key, source);
  const pieces: Buffer[] = [];
  for await (const piece of readPieces(file, { signal })) pieces.push(piece);
  return putS3Object(target, key, Buffer.concat(pieces), signal);
}

/** Who holds the key is asked before each try: a server that refuses early breaks the connection of who still sends. */
async function putWhole(
  target: S3Target,
  key: string,
  { file, signal: outer }: FileSource,
): Promise<'created' | 'exists'> {
  const writer = randomUUID();
  const slice = { file, range: { offset: 0, lengthBytes: file.sizeBytes } };
  const work = async (signal: AbortSignal): Promise<'created' | 'exists'> => {
    const sha256 = await hashSlice(slice, signal);
    for (let tries = 1; ; tries += 1) {
      const holder = await holderOf(target, key, signal);
      if (holder !== null) return holder === writer ? 'created' : 'exists';
      try {
        await sendSlice(slice, signal, (body, abortSignal) => {
          const place = target.objectOf(key);
          const input = { ...place, ...body, IfNoneMatch: '*', Metadata: { writer } };
          const command = new target.sdk.PutObjectCommand(input);
          command.middlewareStack.add(signedBody(sha256), { step: 'build' });
          return target.client.send(command, { abortSignal });
        });
        return 'created';
      } catch (error) {
        // 412: taken meanwhile, by another writer or by a try of this one whose answer was lost; the holder is asked.
        const isTaken = httpStatusOf(error) === 412;
        if (!isTaken && !isRepeatable(error)) throw error;
        if (tries > target.maxAttempts || (tries === target.maxAttempts && !isTaken)) throw error;
      }
      await pause(retryPauseMs * tries, undefined, { signal });
    }
  };
  return target.operate('write', work, { signal: outer, sizeBytes: file.sizeBytes });
}
