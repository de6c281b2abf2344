import type { WholeBody } from '../object-cache/object-cache.ts';
import type { RetryPlan } from '../upstream/retry.ts';
import type { SpoolPlace } from './body-spool.ts';
import { followBody } from './follow-body.ts';
import { receiveBody } from './receive-body.ts';
import { createTransferState, type TransferState } from './transfer-state.ts';

/** A body that is being fetched once, for all who want it. */
export interface Transfer {
  /** Resolves with the first answer's head: the size, or null where upstream does not say. */
  readonly opened: Promise<{ readonly totalBytes: number | null }>;
  /** Resolves when all bytes are there and right; rejects when the transfer is given up. */
  readonly verified: Promise<{ readonly sizeBytes: number }>;
  /** The size as upstream says now, which may be another one once the body is fetched anew; null where it does not say. */
  totalBytes(): number | null;
  /** The size of the verified body; null as long as it is not. */
  verifiedBytes(): number | null;
  /** What was received; only once `verified` has resolved, and while somebody holds the transfer. */
  contents(): WholeBody;
  /**
   * The bytes of a range as they come, at the reader's pace. Nothing of a small body is given before all of it is verified,
   * and not the last bytes of a large one. Throws `registry_corrupt` when bytes that were given turn out to be wrong, so
   * that the answer breaks off and does not end cleanly.
   */
  read(range: ByteRange, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Keeps what was received until the handle is disposed. */
  hold(): Disposable;
}

/** From `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface TransferLimits {
  readonly maxBytes: number;
  /** Bodies up to this size stay in memory, and are given out only when they are verified. */
  readonly wholeBytes: number;
  /** The end of a larger body that is held back until it is verified. */
  readonly holdBackBytes: number;
  /**
   * How long what came of a larger body is held back too: what is verified by then was never given out unverified, and slower
   * bodies come that much later.
   */
  readonly heldMs: number;
  /** How long the whole of it may take, with all repetitions. */
  readonly totalMs: number;
  /** A body that comes more slowly than this, over `paceMs` of waiting for it, is asked for again from where it is. */
  readonly minBytesPerSec: number;
  readonly paceMs: number;
}

export const defaultTransferLimits: TransferLimits = {
  maxBytes: 2 * 1024 ** 3,
  wholeBytes: 4 * 1024 ** 2,
  holdBackBytes: 256 * 1024,
  heldMs: 0,
  totalMs: 10 * 60_000,
  minBytesPerSec: 1024,
  paceMs: 30_000,
};

export interface TransferPlan {
  /** For people: what is fetched, without secrets. */
  readonly subject: string;
  readonly open: OpenBody;
  /** Asked for at the start, and again each time that the body is fetched from its beginning. */
  readonly createCheck: () => BodyCheck;
  readonly limits: TransferLimits;
  readonly spool: SpoolPlace;
  /** Asked for room when the disk of the spool is full. */
  readonly makeRoom?: (sizeBytes: number) => Promise<void>;
  /** How often a body that breaks off, stalls or is wrong is asked for again. */
  readonly retry: RetryPlan;
  /** Default: that of this process. */
  readonly monotonicMs?: () => number;
}

/**
 * Asks for the body from an offset on; the answer may begin earlier. `validator` is what the first answer had, so that no
 * two versions are put together (If-Range, RFC 9110 section 13.1.5). `signal` ends the request and its body when the time for
 * all of it is over; that nothing at all comes for a while is for the body itself to notice. Throws an `AttemptFailure` for what is
 * worth another try.
 */
export type OpenBody = (from: {
  readonly offset: number;
  readonly validator: string | null;
  readonly signal: AbortSignal;
}) => Promise<OpenedBody>;

export interface OpenedBody {
  readonly offset: number;
  readonly totalBytes: number | null;
  /** Null where a body that broke off cannot be resumed. */
  readonly validator: string | null;
  readonly body: AsyncIterable<Buffer>;
  /** Lets go of a body that is not read: it would hold its connection. */
  discard(): Promise<void>;
}

/** Looks at all bytes in their order. */
export interface BodyCheck {
  update(bytes: Buffer): void;
  /** Throws an `AttemptFailure` with the code `registry_corrupt` when the bytes are wrong. */
  finish(sizeBytes: number): Promise<void>;
}

/** Begins to fetch at once, and goes on to the end also when nobody reads any more. */
export function startTransfer(plan: TransferPlan): Transfer {
  const state = createTransferState(plan);
  void run(plan, state);
  return {
    opened: state.opened.promise,
    verified: state.verified.promise,
    totalBytes: () => state.totalBytes,
    verifiedBytes: () => (state.outcome?.kind === 'verified' ? state.spool.sizeBytes() : null),
    contents: () => state.spool.contents(),
    hold: state.hold,
    async *read(range, signal) {
      using stack = new DisposableStack();
      stack.use(state.hold());
      yield* followBody(plan, state, { range, signal });
    },
  };
}

async function run(plan: TransferPlan, state: TransferState): Promise<void> {
  using stack = new DisposableStack();
  stack.use(state.hold());
  try {
    await receiveBody(plan, state);
    state.outcome = { kind: 'verified' };
    state.verified.resolve({ sizeBytes: state.spool.sizeBytes() });
  } catch (error) {
    state.outcome = { kind: 'failed', error };
    for (const { reject } of [state.opened, state.verified]) reject(error);
  } finally {
    state.arrivals.end();
    state.changed.notify();
  }
}
