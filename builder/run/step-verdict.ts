import { AshlarError } from '../../src/index.ts';
import type { CgroupCounters } from './cgroup.ts';
import type { ContainerExit } from './container.ts';
import { hostFloorBytes } from './diff-stream.ts';
import type { DiskLevels } from './disk-watch.ts';
import { defaultUpperBytes, type StepLimits } from './run-step-options.ts';

export interface StepEvidence {
  readonly exit: ContainerExit;
  readonly limits: StepLimits;
  readonly counters: CgroupCounters;
  readonly disk: DiskLevels;
}

/** A write that fails leaves less than this free, unless the program asked for a larger piece at once. */
const scratchFloorBytes = 1024 * 1024;

/**
 * Which limit a failed command ran into, by the kernel's own counters: `step_oom`, `disk_full`, `disk_exceeded`,
 * `step_pids_exceeded`. Undefined when it succeeded in spite of them, or failed by itself.
 */
export function judgeFailure(evidence: StepEvidence): AshlarError | undefined {
  if (evidence.exit.exitCode === 0) return undefined;
  const ending = endingOf(evidence.exit);
  const { limits, counters, disk } = evidence;
  const { upperBytes = defaultUpperBytes } = limits;
  if (counters.oomKills > 0 && limits.memoryBytes !== undefined) {
    return outOfMemory(limits.memoryBytes, counters, ending);
  }
  if (disk.hostFreeBytes < hostFloorBytes) {
    return new AshlarError(
      'disk_full',
      `the host's disk was full when the step ended (${ending})`,
      {
        data: { freeBytes: disk.hostFreeBytes },
      },
    );
  }
  if (disk.scratchFreeBytes < scratchFloorBytes || disk.scratchFreeInodes === 0) {
    const what = disk.scratchFreeInodes === 0 ? 'files' : 'bytes';
    return new AshlarError(
      'disk_exceeded',
      `the step wrote more ${what} than its disk of ${inMebibytes(upperBytes)} holds (${ending})`,
      { data: { limitBytes: upperBytes } },
    );
  }
  if (counters.forksRefused > 0 && limits.pids !== undefined) {
    return new AshlarError(
      'step_pids_exceeded',
      `the step reached its limit of ${limits.pids} processes (${ending})`,
      { data: { limit: limits.pids, forksRefused: counters.forksRefused } },
    );
  }
  return undefined;
}

function outOfMemory(limitBytes: number, counters: CgroupCounters, ending: string): AshlarError {
  const { peakMemoryBytes, oomKills } = counters;
  const peak = peakMemoryBytes === undefined ? '' : `, peak ${inMebibytes(peakMemoryBytes)}`;
  return new AshlarError(
    'step_oom',
    `the step ran out of memory: limit ${inMebibytes(limitBytes)}${peak} (${ending})`,
    {
      data: {
        limitBytes,
        oomKills,
        ...(peakMemoryBytes === undefined ? {} : { peakBytes: peakMemoryBytes }),
      },
    },
  );
}

function endingOf(exit: ContainerExit): string {
  return exit.signalNumber === undefined
    ? `exit code ${exit.exitCode}`
    : `ended by signal ${exit.signalNumber}`;
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
