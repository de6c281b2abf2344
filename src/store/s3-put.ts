import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { attemptsOf, httpStatusOf, isMissingObject } from './s3-errors.ts';
import type { S3Target } from './s3-target.ts';

/** How often a put is tried while the server reports a conflict with another request (409). */
const maxTries = 5;
const conflictPauseMs = 100;

/**
 * Stores an object if its key is free: PutObject with `If-None-Match: *`, answered by 412 where it is not. The object
 * carries a name of this one call, by which a call knows its own work when the answer to its first request was lost.
 */
export async function putS3Object(
  target: S3Target,
  key: string,
  bytes: Uint8Array,
  outer?: AbortSignal,
): Promise<'created' | 'exists'> {
  const writer = randomUUID();
  const work = async (signal: AbortSignal): Promise<'created' | 'exists'> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const command = new target.sdk.PutObjectCommand({
          ...target.objectOf(key),
          Body: bytes,
          IfNoneMatch: '*',
          Metadata: { writer },
        });
        await target.client.send(command, { abortSignal: signal });
        return 'created';
      } catch (error) {
        const status = httpStatusOf(error);
        if (status === 412) {
          if (tries === 1 && attemptsOf(error) === 1) return 'exists';
          return (await holderOf(target, key, signal)) === writer ? 'created' : 'exists';
        }
        if (status !== 409 || tries === maxTries) throw error;
        await pause(conflictPauseMs * tries, undefined, { signal });
      }
    }
  };
  return target.operate('write', work, { signal: outer });
}

/** The name of the call that stored the object, empty where it has none; null where there is no object. */
export async function holderOf(
  target: S3Target,
  key: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const command = new target.sdk.HeadObjectCommand(target.objectOf(key));
    const { Metadata } = await target.client.send(command, { abortSignal: signal });
    return Metadata?.['writer'] ?? '';
  } catch (error) {
    if (isMissingObject(error)) return null;
    throw error;
  }
}
