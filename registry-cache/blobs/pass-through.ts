import { hasCode } from '../../src/index.ts';
import {
  AttemptFailure,
  beforeNextAttempt,
  type BodyCheck,
  type ByteRange,
  type OpenBody,
  type RetryPlan,
  type Transfer,
} from '../../src/network.ts';

export interface PassedBody {
  readonly subject: string;
  readonly open: OpenBody;
  readonly check: BodyCheck;
  readonly sizeBytes: number;
  readonly retry: RetryPlan;
  /** Ends the requests: who reads is gone. */
  readonly signal: AbortSignal;
}

/** The bytes of a range of a transfer; where there is no room on the disk for it, those of `otherwise`. */
export async function* unlessFull(
  transfer: Transfer,
  { range, signal }: { readonly range: ByteRange; readonly signal: AbortSignal },
  otherwise: () => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let givenBytes = 0;
  try {
    for await (const piece of transfer.read(range, signal)) {
      givenBytes += piece.length;
      yield piece;
    }
    return;
  } catch (error) {
    // What was given of it was not verified: nothing else can be put behind it.
    if (!hasCode(error, 'disk_full') || givenBytes > 0) throw error;
  }
  yield* otherwise();
}

/**
 * The bytes of a range from upstream, kept nowhere. All of the body is read, as its digest is that of all of it; the last bytes
 * are given when that is right, and a failure thrown when it is not. Asks again from where a body broke off.
 */
export async function* passThrough(body: PassedBody, range: ByteRange): AsyncGenerator<Buffer> {
  let position = 0;
  let held: Buffer | null = null;
  for (let failures = 1; position < body.sizeBytes; failures += 1) {
    try {
      for await (const bytes of readFrom(body, position)) {
        body.check.update(bytes);
        const part = partIn(range, position, bytes);
        position += bytes.length;
        failures = 1;
        if (part.length === 0) continue;
        if (held !== null) yield held;
        held = part;
      }
    } catch (error) {
      await beforeNextAttempt(error, failures, body.retry);
    }
  }
  try {
    await body.check.finish(position);
  } catch (error) {
    throw error instanceof AttemptFailure ? body.retry.giveUp(error, 1) : error;
  }
  if (held !== null) yield held;
}

/** The answer may begin earlier than asked for. Throws an `AttemptFailure` where it ends early or has too much. */
async function* readFrom(
  { open, signal, sizeBytes, subject }: PassedBody,
  offset: number,
): AsyncGenerator<Buffer> {
  const opened = await open({ offset, validator: null, signal });
  const broken = (problem: string): AttemptFailure =>
    new AttemptFailure(`${subject} ${problem}`, { code: 'registry_unavailable', isPassing: true });
  if (opened.offset > offset) {
    await opened.discard();
    throw broken(`began at ${opened.offset}, not at ${offset}`);
  }
  let at = opened.offset;
  for await (const bytes of opened.body) {
    const fresh = bytes.subarray(Math.max(0, offset - at));
    at += bytes.length;
    if (at > sizeBytes) throw broken(`has more than ${sizeBytes} bytes`);
    if (fresh.length > 0) yield fresh;
  }
  if (at < sizeBytes) throw broken(`ended after ${at} of ${sizeBytes} bytes`);
}

function partIn({ start, end }: ByteRange, at: number, bytes: Buffer): Buffer {
  return bytes.subarray(Math.max(0, start - at), Math.max(0, end - at));
}
