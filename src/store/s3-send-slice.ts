import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type LocalFile, readPieces } from './local-file.ts';
import type { ByteRange } from './object-errors.ts';

export interface FileSource {
  readonly file: LocalFile;
  readonly signal: AbortSignal | undefined;
}

/** Part of a file that is to be sent. */
export interface FileSlice {
  readonly file: LocalFile;
  readonly range: ByteRange;
}

/** What a command that sends a slice is given. */
export interface SliceBody {
  readonly Body: Readable;
  readonly ContentLength: number;
}

export async function hashSlice({ file, range }: FileSlice, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of readPieces(file, { range, signal })) hash.update(piece);
  return hash.digest('hex');
}

/**
 * Gives `send` a stream of the slice, once: the SDK makes no second attempt with a stream. A failure of the file ends the
 * request and is what comes out.
 */
export async function sendSlice<T>(
  { file, range }: FileSlice,
  outer: AbortSignal,
  send: (body: SliceBody, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const body = Readable.from(readPieces(file, { range }), { objectMode: false });
  let failure: Error | undefined;
  body.on('error', (error) => {
    failure = error;
    failed.abort(error);
  });
  try {
    return await send({ Body: body, ContentLength: range.lengthBytes }, signal);
  } catch (error) {
    throw failure ?? error;
  } finally {
    body.destroy();
  }
}

/**
 * A middleware for the step `build` that has a request signed with the SHA-256 of its body, where the SDK would leave that
 * of a stream unsigned: the server then refuses what it did not get right.
 */
export function signedBody(sha256: string) {
  return <A extends { readonly request: unknown }, R>(next: (args: A) => Promise<R>) =>
    (args: A): Promise<R> => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      headers['x-amz-content-sha256'] = sha256;
      return next(args);
    };
}
