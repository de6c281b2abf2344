import { AshlarError } from '../errors/ashlar-error.ts';
import { startDeadline } from '../flow/deadline.ts';
import { AttemptFailure } from '../upstream/attempt-failure.ts';
import { beforeNextAttempt, type RetryPlan } from '../upstream/retry.ts';
import { paced, SlowBody } from './paced.ts';
import type { BodyCheck, TransferPlan } from './transfer.ts';
import type { TransferState } from './transfer-state.ts';

/** Fetches the body into the state's spool until all of it is there and right. */
export async function receiveBody(plan: TransferPlan, state: TransferState): Promise<void> {
  const { subject, limits, retry } = plan;
  using deadline = startDeadline(limits.totalMs, retry.signal);
  try {
    await receiveAll({ ...plan, retry: { ...retry, signal: deadline.signal } }, state);
  } catch (error) {
    if (!deadline.expired()) throw error;
    const problem = `${subject} had not arrived whole after ${limits.totalMs / 1000} s`;
    throw new AshlarError('registry_unavailable', problem, { cause: error });
  }
}

/** A plan that ends in time. */
interface TimedPlan extends TransferPlan {
  readonly retry: RetryPlan & { readonly signal: AbortSignal };
}

async function receiveAll(plan: TimedPlan, state: TransferState): Promise<void> {
  const progress: Progress = { check: plan.createCheck(), validator: null };
  let furthestBytes = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      await receive(plan, state, progress);
      await progress.check.finish(state.spool.sizeBytes());
      return;
    } catch (error) {
      const isWrong = error instanceof AttemptFailure && error.facts.code === 'registry_corrupt';
      const isSlow = error instanceof SlowBody;
      // What gets on is not given up, however often it breaks off; coming as far as before once more is not getting on.
      if (state.spool.sizeBytes() > furthestBytes && !isWrong && !isSlow) failures = 1;
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

async function receive(plan: TimedPlan, state: TransferState, progress: Progress): Promise<void> {
  const { signal } = plan.retry;
  const wanted = { offset: state.spool.sizeBytes(), validator: progress.validator };
  const opened = await plan.open({ ...wanted, signal });
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
  state.opened.resolve({ totalBytes });
  for await (const bytes of paced(body, plan)) {
    signal.throwIfAborted();
    const comesTo = state.spool.sizeBytes() + bytes.length;
    checkSize(plan, comesTo);
    // Before it is there: its end would no longer be what is held back.
    if (totalBytes !== null && comesTo > totalBytes) throw tooLong(plan, totalBytes);
    progress.check.update(bytes);
    await state.spool.append(bytes);
    state.arrivals.note(state.spool.sizeBytes());
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

function tooLong({ subject }: TransferPlan, totalBytes: number): AttemptFailure {
  return new AttemptFailure(`${subject} goes on behind its ${totalBytes} bytes`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}

function brokenOff({ subject }: TransferPlan, problem: string): AttemptFailure {
  return new AttemptFailure(`${subject} ${problem}`, {
    code: 'registry_unavailable',
    isPassing: true,
  });
}
