import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { brokenOff, PullError, type PullTally } from './pull-result.ts';
import { type PullSession, type SessionRequest } from './pull-session.ts';

export interface DueBody {
  readonly kind: 'manifest' | 'blob';
  readonly reference: string;
  readonly accept: string;
  /** Null: whatever is announced. */
  readonly sizeBytes: number | null;
  /** Null: it is not looked at. */
  readonly digest: string | null;
  /** Gets the bytes in order; may throw `PullError`. */
  readonly keep?: (part: Buffer) => void;
}

export interface ReceiveOptions {
  readonly session: PullSession;
  readonly tally: PullTally;
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
  /** 0: as fast as it comes. */
  readonly readBytesPerSec: number;
}

interface Progress {
  receivedBytes: number;
  readonly hash: Hash | null;
}

/**
 * Receives one body. After a cut it goes on with Range where it was, as containerd does: a 206 has to begin there, of a
 * 200 that much is thrown away. Throws `PullError`.
 */
export async function receiveBody(options: ReceiveOptions, due: DueBody): Promise<void> {
  const { tally, retries, signal } = options;
  const [algorithm = 'sha256'] = due.digest?.split(':') ?? [];
  const progress: Progress = {
    receivedBytes: 0,
    hash: due.digest === null ? null : createHash(algorithm),
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const sizeBytes = await receiveOnce(options, due, progress);
      judge(due, progress, sizeBytes);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = brokenOff(error);
      if (failure === null) throw error;
      if (failure.reason === 'wrong') tally.wrongBytes += progress.receivedBytes;
      if (attempt >= retries || !mayPass(failure)) {
        throw new PullError(
          failure.reason,
          `${due.kind} ${due.reference}: ${failure.message} after ${progress.receivedBytes} bytes`,
          failure.status,
        );
      }
      tally.retries += 1;
    }
  }
}

/** Gives the size that the answer announced, or null. */
async function receiveOnce(
  { session, tally, readBytesPerSec }: ReceiveOptions,
  due: DueBody,
  progress: Progress,
): Promise<number | null> {
  const from = progress.receivedBytes;
  const request: SessionRequest = {
    method: 'GET',
    kind: due.kind,
    reference: due.reference,
    headers: { accept: due.accept, ...(from === 0 ? {} : { range: `bytes=${from}-` }) },
  };
  const response = await session.open(request);
  const announcedBytes = totalBytes(response, from);
  let surplusBytes = response.statusCode === 200 ? from : 0;
  await pipeline(response, async (parts: AsyncIterable<Buffer>) => {
    for await (const part of parts) {
      const skippedBytes = Math.min(surplusBytes, part.length);
      surplusBytes -= skippedBytes;
      tally.bytes += part.length;
      take(due, progress, part.subarray(skippedBytes));
      if (readBytesPerSec > 0) await pause((part.length / readBytesPerSec) * 1000);
    }
  });
  return announcedBytes;
}

function take(due: DueBody, progress: Progress, part: Buffer): void {
  progress.receivedBytes += part.length;
  progress.hash?.update(part);
  due.keep?.(part);
  if (due.sizeBytes !== null && progress.receivedBytes > due.sizeBytes) {
    throw new PullError('wrong', 'more bytes than there should be');
  }
}

/** The size of all of it, by the answer to a request for what comes from `from` on. */
function totalBytes(response: IncomingMessage, from: number): number | null {
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) {
    return headers['content-length'] === undefined ? null : Number(headers['content-length']);
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '');
  if (statusCode === 206 && range?.[1] === String(from)) return Number(range[2]);
  response.resume();
  throw new PullError('status', `status ${statusCode}`, statusCode);
}

/** It has ended in good order. */
function judge(
  due: DueBody,
  { receivedBytes, hash }: Progress,
  announcedBytes: number | null,
): void {
  const sizeBytes = due.sizeBytes ?? announcedBytes;
  if (sizeBytes !== null && receivedBytes !== sizeBytes) {
    throw new PullError('wrong', `ended, but ${sizeBytes} bytes are due`);
  }
  const isRight = hash === null || due.digest?.split(':')[1] === hash.digest('hex');
  if (!isRight) throw new PullError('wrong', 'other content than its digest says');
}

/** Wrong content does not get better by asking again within a pull. */
function mayPass({ reason, status }: PullError): boolean {
  return (
    reason === 'cut' || (status !== null && (status >= 500 || status === 408 || status === 429))
  );
}
