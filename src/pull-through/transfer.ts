import { createHash, type Hash } from 'node:crypto';
import { AshlarError } from '../errors/ashlar-error.ts';
import { AttemptFailure } from '../upstream/attempt-failure.ts';
import { beforeNextAttempt, type RetryPlan } from '../upstream/retry.ts';
import { type BodySpool, createBodySpool, type SpooledBody } from './body-spool.ts';
import { createSignpost } from './signpost.ts';

/** A body that is being fetched once, for all who want it. */
export interface Transfer {
  /** Resolves with the first answer's head: the size, or null where upstream does not say. */
  readonly opened: Promise<{ readonly totalBytes: number | null }>;
  /** Resolves when all bytes are there and right; rejects when the transfer is given up. */
  readonly verified: Promise<{ readonly sizeBytes: number }>;
  /** The size of the verified body; null as long as it is not. */
  verifiedBytes(): number | null;
  /** What was received; only once `verified` has resolved, and while somebody holds the transfer. */
  contents(): SpooledBody;
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
}

export const defaultTransferLimits: TransferLimits = {
  maxBytes: 2 * 1024 ** 3,
  wholeBytes: 4 * 1024 ** 2,
  holdBackBytes: 256 * 1024,
};

export interface TransferPlan {
  /** For people: what is fetched, without secrets. */
  readonly subject: string;
  readonly open: OpenBody;
  /** Asked for at the start, and again each time that the body is fetched from its beginning. */
  readonly createCheck: () => BodyCheck;
  readonly limits: TransferLimits;
  readonly spoolDirectory: string;
  /** Asked for room when the disk of the spool is full. */
  readonly makeRoom?: (sizeBytes: number) => Promise<void>;
  /** How often a body that breaks off or is wrong is asked for again. */
  readonly retry: RetryPlan;
}

/**
 * Asks for the body from an offset on; the answer may begin earlier. `validator` is what the first answer had, so that no
 * two versions are put together (If-Range, RFC 9110 section 13.1.5). Throws an `AttemptFailure` for what is worth another try.
 */
export type OpenBody = (from: {
  readonly offset: number;
  readonly validator: string | null;
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

const pieceBytes = 256 * 1024;

/** Begins to fetch at once, and goes on to the end also when nobody reads any more. */
export function startTransfer(plan: TransferPlan): Transfer {
  const opened = Promise.withResolvers<{ totalBytes: number | null }>();
  const verified = Promise.withResolvers<{ sizeBytes: number }>();
  // Who does not wait for them shall not end the process.
  for (const { promise } of [opened, verified]) promise.catch(() => {});
  const changed = createSignpost();
  const state: TransferState = {
    spool: makeSpool(plan),
    totalBytes: null,
    outcome: null,
    onHead: opened.resolve,
    changed,
    restart() {
      drop(state.spool);
      state.spool = makeSpool(plan);
      changed.notify();
    },
  };
  let holders = 1;
  const letGo = (): void => {
    holders -= 1;
    if (holders === 0) drop(state.spool);
  };
  const hold = (): Disposable => {
    holders += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]() {
        if (isHeld) letGo();
        isHeld = false;
      },
    };
  };

  const run = async (): Promise<void> => {
    try {
      await receiveAll(plan, state);
      state.outcome = { kind: 'verified' };
      verified.resolve({ sizeBytes: state.spool.sizeBytes() });
    } catch (error) {
      state.outcome = { kind: 'failed', error };
      for (const { reject } of [opened, verified]) reject(error);
    } finally {
      changed.notify();
    }
    letGo();
  };
  void run();

  return {
    opened: opened.promise,
    verified: verified.promise,
    verifiedBytes: () => (state.outcome?.kind === 'verified' ? state.spool.sizeBytes() : null),
    contents: () => state.spool.contents(),
    hold,
    async *read(range, signal) {
      const held = hold();
      try {
        yield* follow(plan, state, { range, signal });
      } finally {
        held[Symbol.dispose]();
      }
    },
  };
}

/** Closing waits for reads that are under way. What cannot be removed now goes with the directory. */
function drop(spool: BodySpool): void {
  Promise.resolve(spool[Symbol.asyncDispose]()).catch(() => {});
}

interface TransferState {
  spool: BodySpool;
  totalBytes: number | null;
  outcome: { kind: 'verified' } | { kind: 'failed'; error: unknown } | null;
  readonly changed: ReturnType<typeof createSignpost>;
  onHead(head: { totalBytes: number | null }): void;
  restart(): void;
}

function makeSpool({ limits, spoolDirectory, makeRoom }: TransferPlan): BodySpool {
  return createBodySpool({
    directory: spoolDirectory,
    memoryBytes: limits.wholeBytes,
    ...(makeRoom === undefined ? {} : { makeRoom }),
  });
}

async function receiveAll(plan: TransferPlan, state: TransferState): Promise<void> {
  const progress: Progress = { check: plan.createCheck(), validator: null };
  let furthestBytes = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      await receive(plan, state, progress);
      await progress.check.finish(state.spool.sizeBytes());
      return;
    } catch (error) {
      const isWrong = error instanceof AttemptFailure && error.facts.code === 'registry_corrupt';
      // What gets on is not given up, however often it breaks off; coming as far as before once more is not getting on.
      if (state.spool.sizeBytes() > furthestBytes && !isWrong) failures = 1;
      furthestBytes = Math.max(furthestBytes, state.spool.sizeBytes());
      await beforeNextAttempt(error, failures, plan.retry);
      if (isWrong || progress.validator === null) beginAnew(plan, state, progress);
    }
  }
}

interface Progress {
  check: BodyCheck;
  validator: string | null;
}

function beginAnew(plan: TransferPlan, state: TransferState, progress: Progress): void {
  progress.check = plan.createCheck();
  progress.validator = null;
  if (state.spool.sizeBytes() > 0) state.restart();
}

async function receive(
  plan: TransferPlan,
  state: TransferState,
  progress: Progress,
): Promise<void> {
  const wanted = { offset: state.spool.sizeBytes(), validator: progress.validator };
  const opened = await plan.open(wanted);
  const { offset, totalBytes, validator, body } = opened;
  try {
    checkSize(plan, totalBytes ?? 0);
    if (offset !== wanted.offset && offset !== 0)
      throw brokenOff(plan, `began at ${offset}, not at ${wanted.offset}`);
  } catch (error) {
    await opened.discard();
    throw error;
  }
  if (offset !== wanted.offset) beginAnew(plan, state, progress);
  progress.validator = validator;
  state.totalBytes = totalBytes;
  state.onHead({ totalBytes });
  for await (const bytes of body) {
    checkSize(plan, state.spool.sizeBytes() + bytes.length);
    progress.check.update(bytes);
    await state.spool.append(bytes);
    state.changed.notify();
  }
  const sizeBytes = state.spool.sizeBytes();
  if (totalBytes !== null && sizeBytes < totalBytes)
    throw brokenOff(plan, `ended after ${sizeBytes} of ${totalBytes} bytes`);
}

function checkSize({ subject, limits }: TransferPlan, sizeBytes: number): void {
  if (sizeBytes <= limits.maxBytes) return;
  throw new AshlarError(
    'registry_body_too_large',
    `${subject} is larger than the limit of ${limits.maxBytes} bytes`,
  );
}

function brokenOff({ subject }: TransferPlan, problem: string): AttemptFailure {
  return new AttemptFailure(`${subject} ${problem}`, {
    code: 'registry_unavailable',
    isPassing: true,
  });
}

async function* follow(
  plan: TransferPlan,
  state: TransferState,
  { range, signal }: { range: ByteRange; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  const given = createHash('sha256');
  let source = state.spool;
  let position = range.start;
  for (;;) {
    const change = state.changed.next();
    if (state.outcome?.kind === 'failed') throw state.outcome.error;
    const isVerified = state.outcome !== null;
    const end = Math.min(range.end, readableBytes(plan, state));
    if (state.spool !== source && (position <= end || isVerified)) {
      const { spool } = state;
      if (position > range.start && !(await hasGiven(spool, { given, range, position })))
        throw wrongBytes(plan);
      source = spool;
      continue;
    }
    if (position < end && state.spool === source) {
      const bytes = await source.read(position, Math.min(pieceBytes, end - position));
      if (!isVerified) given.update(bytes);
      position += bytes.length;
      yield bytes;
    } else if (isVerified || position >= range.end) return;
    else await change(signal);
  }
}

/** Before the end is verified: nothing of what may be small, and all but the end of what is large. */
function readableBytes(
  { limits }: TransferPlan,
  { spool, totalBytes, outcome }: TransferState,
): number {
  const sizeBytes = spool.sizeBytes();
  if (outcome !== null) return sizeBytes;
  if ((totalBytes ?? sizeBytes) <= limits.wholeBytes) return 0;
  return Math.max(0, sizeBytes - limits.holdBackBytes);
}

/** Whether the body, fetched anew, begins with the bytes that a reader was given already. */
async function hasGiven(
  spool: BodySpool,
  { given, range, position }: { given: Hash; range: ByteRange; position: number },
): Promise<boolean> {
  const anew = createHash('sha256');
  for (let offset = range.start; offset < position;) {
    if (offset >= spool.sizeBytes()) return false;
    const bytes = await spool.read(offset, Math.min(pieceBytes, position - offset));
    anew.update(bytes);
    offset += bytes.length;
  }
  return anew.digest().equals(given.copy().digest());
}

function wrongBytes({ subject }: TransferPlan): AshlarError {
  return new AshlarError(
    'registry_corrupt',
    `${subject} arrived with wrong bytes, some of which were passed on before that showed`,
  );
}
