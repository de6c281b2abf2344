import type { Readable } from 'node:stream';
import { toAshlarError } from '../../src/index.ts';
import { readCgroupMounts, removeCgroup } from './cgroup.ts';
import { checkStepOptions } from './check-step-options.ts';
import { findOciRuntime } from './container.ts';
import { openDiffStream } from './diff-stream.ts';
import { executeStep, type StepExecution } from './execute-step.ts';
import { checkParentDisk } from './parent-disk.ts';
import { prepareStep } from './prepare-step.ts';
import type { RunStepOptions } from './run-step-options.ts';
import { createStepDirectory } from './step-directory.ts';

export interface RunStepResult extends StepExecution {
  readonly timings: {
    /** File systems and network, until the container could be made. */
    readonly mountMs: number;
    /** From making the container to the end of its first process. */
    readonly execMs: number;
  };
  /**
   * What the step changed, as a tar stream: see `openDiffStream` for its form. Only within `use`; every call reads anew.
   */
  diffStream(): Readable;
}

/**
 * Runs one command in a container above a parent image and hands the result to `use`, the command's failure
 * included: `exitCode` is for the caller to judge, 127 and 126 meaning as in a shell that the program is missing or
 * cannot be executed. When the promise settles, nothing is mounted or running any more and the
 * step's directory is gone; should this process be killed instead, the kernel ends and unmounts all by itself, and
 * `sweepRunLeftovers` removes the directory and the cgroup.
 *
 * Throws, before `use` is called: `step_oom`, `step_pids_exceeded`, `disk_exceeded` (the command failed and the kernel
 * counted that limit), `step_timeout`, `step_output_exceeded`, `user_unknown`, `step_failed` (no usable working
 * directory); `disk_full`, `tool_missing`, `privilege_missing`, `kernel_feature_missing`, `home_unusable` (this
 * installation); `internal` for a parent disk that is missing or no clean ext4; the signal's reason.
 */
export async function withRunStep<T>(
  options: RunStepOptions,
  use: (step: RunStepResult) => Promise<T>,
): Promise<T> {
  checkStepOptions(options);
  await checkParentDisk(options.parentDisk);
  const runtime = options.tools?.runtime ?? (await findOciRuntime());
  const fault = new AbortController();
  const signal = AbortSignal.any([
    fault.signal,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  const cgroups = await readCgroupMounts();
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await createStepDirectory(options.workRoot));
  cleanup.defer(async () => removeCgroup(cgroups, directory.id));

  const startMs = performance.now();
  const { namespace, ...prepared } = await orReason(signal, async () =>
    cleanup.use(await prepareStep({ options, directory, signal })),
  );
  const preparedMs = performance.now();
  const execution = await orReason(signal, () =>
    executeStep({
      options,
      prepared,
      cgroups,
      place: { namespace, directory: directory.path, id: directory.id, runtime },
      fail: (error) => fault.abort(error),
      signal,
    }),
  );
  const timings = { mountMs: preparedMs - startMs, execMs: performance.now() - preparedMs };
  const diffStream = (): Readable => openDiffStream(namespace, directory.path);
  // Awaited here: the step is undone when this function returns.
  const value = await use({ ...execution, timings, diffStream }).finally(() =>
    signal.throwIfAborted(),
  );
  return value;
}

/**
 * Once the signal is aborted the namespace is gone, and any call may fail for that: the reason is what is
 * thrown. What has no code by then is a fault of this installation or of Ashlar.
 */
async function orReason<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw toAshlarError(error);
  }
}
