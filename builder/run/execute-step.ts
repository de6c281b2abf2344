import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import { applyCgroupLimits, cgroupParent, readCgroupCounters } from './cgroup.ts';
import type { CgroupCounters, CgroupMount } from './cgroup.ts';
import { capabilities, containerConfig } from './container-config.ts';
import {
  ContainerCreateError,
  createContainer,
  startContainer,
  waitForContainer,
  type ContainerExit,
  type ContainerPlace,
  type CreatedContainer,
} from './container.ts';
import { watchDisk } from './disk-watch.ts';
import { findProgram } from './find-program.ts';
import type { PreparedStep } from './prepare-step.ts';
import { defaultOutputBytes, defaultPath, type RunStepOptions } from './run-step-options.ts';
import { defaultProfilePath, loadSeccompProfile } from './seccomp-profile.ts';
import { openStepPipes, pumpOutput, type OutputSummary, type StepPipes } from './step-output.ts';
import { judgeFailure } from './step-verdict.ts';

export interface StepExecution {
  readonly exitCode: number;
  /** The number of the signal that ended the command; `exitCode` is then 128 and this. */
  readonly signalNumber: number | undefined;
  readonly output: OutputSummary;
  readonly usage: CgroupCounters;
  /** Limits that were asked for and that this machine's cgroups cannot hold: `memory`, `pids`. */
  readonly unenforcedLimits: readonly string[];
  /** Oddities that did not stop the step, for people. */
  readonly notices: readonly string[];
}

export interface ExecuteContext {
  readonly options: RunStepOptions;
  readonly prepared: Omit<PreparedStep, 'namespace' | typeof Symbol.asyncDispose>;
  readonly place: ContainerPlace;
  readonly cgroups: readonly CgroupMount[];
  /** Ends the step at once with this error, by way of `signal`. */
  readonly fail: (error: AshlarError) => void;
  readonly signal: AbortSignal;
}

/** Runs the container to its end and judges it. Throws what `withRunStep` tells. */
export async function executeStep(context: ExecuteContext): Promise<StepExecution> {
  const { options, place, signal } = context;
  using pipes = openStepPipes(place.directory);
  const config = await configOf(context);
  let container: CreatedContainer;
  try {
    container = await createContainer(place, config, pipes);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ContainerCreateError)) throw error;
    return programFailure(context, error);
  }
  const unenforcedLimits = await applyCgroupLimits(context.cgroups, place.id, options.limits);
  const { exit, output, usage } = await runToEnd(context, container, pipes);
  return { ...exit, output, usage, unenforcedLimits, notices: context.prepared.notices };
}

async function runToEnd(
  context: ExecuteContext,
  container: CreatedContainer,
  pipes: StepPipes,
): Promise<{ exit: ContainerExit; output: OutputSummary; usage: CgroupCounters }> {
  const { options, place, cgroups, signal } = context;
  const { namespace, directory } = place;
  const scratch = namespace.outside(join(directory, 'scratch'));
  using watches = new DisposableStack();
  const disk = watches.use(watchDisk({ scratch, host: directory }));
  watches.use(startTimer(context));
  await startContainer(place);
  const output = await pumpOutput(pipes, outputOptions(context));
  const exit = await waitForContainer(place, container);
  signal.throwIfAborted();
  if (exit === undefined) {
    throw new AshlarError('internal', "the step's namespace ended before the step did");
  }
  const usage = await readCgroupCounters(cgroups, place.id);
  const levels = await disk.lowest();
  const failure = judgeFailure({
    exit,
    limits: options.limits,
    counters: usage,
    disk: levels,
  });
  if (failure !== undefined) throw failure;
  return { exit, output, usage };
}

async function configOf({ options, prepared, place }: ExecuteContext): Promise<object> {
  const { user, hostname, binds, networkNamespace } = prepared;
  const profilePath = options.tools?.seccompProfilePath ?? defaultProfilePath;
  return containerConfig({
    argv: options.argv,
    env: { PATH: defaultPath, HOME: user.home, ...options.env },
    workdir: options.workdir,
    user,
    hostname,
    binds,
    networkNamespace,
    cgroupsPath: `/${cgroupParent}/${place.id}`,
    seccomp: await loadSeccompProfile(profilePath, capabilities),
    openFilesLimit: await openFilesLimit(),
  });
}

/** As Docker's 1,048,576, where this process may give that many. */
async function openFilesLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'latin1');
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return Math.min(1024 * 1024, hard === undefined ? Infinity : Number(hard));
}

function startTimer({ options, fail }: ExecuteContext): Disposable {
  const { timeoutMs } = options.limits;
  if (timeoutMs === undefined) return { [Symbol.dispose]() {} };
  const timer = setTimeout(() => {
    fail(
      new AshlarError('step_timeout', `the step did not end within ${timeoutMs / 1000} s`, {
        data: { timeoutMs },
      }),
    );
  }, timeoutMs);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
    },
  };
}

function outputOptions({ options, fail }: ExecuteContext): Parameters<typeof pumpOutput>[1] {
  const { outputBytes = defaultOutputBytes, outputExceeded = 'cut' } = options.limits;
  return {
    limitBytes: outputBytes,
    onOutput: options.onOutput ?? (() => {}),
    onLimit: () => {
      if (outputExceeded === 'cut') return;
      fail(
        new AshlarError('step_output_exceeded', `the step wrote more than ${outputBytes} bytes`, {
          data: { limitBytes: outputBytes },
        }),
      );
    },
  };
}

/** The runtime made no container: because the image lacks the program, or because this machine or Ashlar is at fault. */
async function programFailure(
  context: ExecuteContext,
  error: ContainerCreateError,
): Promise<StepExecution> {
  const { options, place, prepared } = context;
  const [program = ''] = options.argv;
  const found = await findProgram({
    root: place.namespace.outside(join(place.directory, 'rootfs')),
    program,
    workdir: options.workdir,
    path: options.env['PATH'] ?? defaultPath,
  });
  const forbidden = /permission denied/i.test(error.words) && /exec/i.test(error.words);
  if (found === 'found' && !forbidden) {
    throw new AshlarError('internal', error.message, {
      data: { tool: place.runtime, stderr: error.words },
      cause: error,
    });
  }
  const words = Buffer.from(
    `${program}: ${found === 'missing' ? 'not found in the image' : 'cannot be executed'}\n`,
  );
  options.onOutput?.('stderr', words);
  return {
    exitCode: found === 'missing' ? 127 : 126,
    signalNumber: undefined,
    output: { bytes: words.length, cut: false },
    usage: { oomKills: 0, forksRefused: 0, peakMemoryBytes: undefined, cpuMs: undefined },
    unenforcedLimits: [],
    notices: prepared.notices,
  };
}
