import type { CacheState } from '../pull-through/cache-state.ts';

/** What a request is answered with, before it is known how much of it the client wants. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
  readonly state: CacheState;
}

export type AnswerBody = null | Buffer | StreamedBody;

/** Failing pieces break the connection off. */
export interface StreamedBody {
  /** Null where it is not known before the end. */
  readonly sizeBytes: number | null;
  readonly pieces: AsyncIterable<Buffer>;
  /** The first piece is long in coming: the head goes out before it. */
  readonly headFirst?: true;
}

export function jsonAnswer(status: number, value: unknown, state: CacheState = 'pass'): Answer {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  return { status, headers: { 'content-type': 'application/json' }, body, state };
}
