import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createTailBuffer, systemErrorCode } from '../../src/index.ts';
import { requireProgram } from '../find-program.ts';
import { parseGuestReport, type GuestReport } from './guest-report.ts';
import { guestDescriptors, qemuArguments, type MachinePlan } from './qemu-arguments.ts';

export interface MachineOptions {
  readonly plan: MachinePlan;
  /** QEMU's working directory and TMPDIR. */
  readonly directory: string;
  /** Kills QEMU when it aborts; the run then ends as any other, and the caller judges it. */
  readonly signal: AbortSignal;
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
  readonly onConsole?: ((chunk: Buffer) => void) | undefined;
  /** A monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

export interface MachineRun {
  readonly report: GuestReport;
  /** When each report came, and when QEMU started and had ended, on the caller's clock. */
  readonly marks: MachineMarks;
  /** The last 64 KiB of the serial console. */
  readonly console: string;
  /** QEMU's own words. */
  readonly qemuStderr: string;
  readonly exitCode: number | null;
  readonly killSignal: NodeJS.Signals | null;
}

export interface MachineMarks {
  readonly spawnedMs: number;
  readonly readyMs?: number;
  readonly mountedMs?: number;
  readonly startedMs?: number;
  readonly endingMs?: number;
  readonly closedMs: number;
}

const consoleBytes = 64 * 1024;
const controlBytesLimit = 64 * 1024;
/** How long the guest may take to power off after it has reported. */
const shutdownLimitMs = 5_000;

/**
 * Runs QEMU to its end and gives what the guest reported. QEMU is never left behind: it is killed when the
 * signal aborts, when a callback throws (the error is passed on), when the guest does not power off after
 * its report, and by the kernel when this process dies (setpriv --pdeathsig).
 */
export async function runMachine(options: MachineOptions): Promise<MachineRun> {
  const { plan, directory, signal, nowMs } = options;
  const qemu = await requireProgram(plan.platform.qemu, plan.platform.qemuPackage);
  const setpriv = await requireProgram('setpriv', 'util-linux');
  const spawnedMs = nowMs();
  const child = spawn(setpriv, ['--pdeathsig', 'KILL', qemu, ...qemuArguments(plan)], {
    cwd: directory,
    env: { PATH: process.env['PATH'], TMPDIR: directory, LC_ALL: 'C' },
    // A session of its own: an interrupt from the terminal reaches this process alone.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const consoleTail = createTailBuffer(consoleBytes);
  const qemuTail = createTailBuffer(consoleBytes);
  const control = followControl(nowMs, kill);
  try {
    await Promise.all([
      closed,
      drain(child.stderr, (chunk) => qemuTail.push(chunk)),
      drain(streamOf(child, 'stdout'), options.onStdout),
      drain(streamOf(child, 'stderr'), options.onStderr),
      drain(streamOf(child, 'control'), (chunk) => control.push(chunk)),
      drain(streamOf(child, 'console'), (chunk) => {
        consoleTail.push(chunk);
        options.onConsole?.(chunk);
      }),
    ]);
  } catch (error) {
    kill();
    await closed;
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
    control.stop();
  }
  const [exitCode, killSignal] = await closed;
  return {
    report: control.report(),
    marks: { ...control.marks(), spawnedMs, closedMs: nowMs() },
    console: consoleTail.bytes().toString('utf8'),
    qemuStderr: qemuTail.bytes().toString('utf8'),
    exitCode,
    killSignal,
  };
}

function streamOf(child: ChildProcess, name: keyof typeof guestDescriptors): Readable | null {
  // The type of `stdio` ends at the fifth descriptor.
  const streams: readonly (Readable | Writable | null | undefined)[] = child.stdio;
  return (streams[guestDescriptors[name]] ?? null) as Readable | null;
}

async function drain(
  stream: Readable | null,
  onChunk: ((chunk: Buffer) => void) | undefined,
): Promise<void> {
  try {
    for await (const chunk of stream ?? []) onChunk?.(chunk as Buffer);
  } catch (error) {
    // The peer of a socket pair that is killed may reset it instead of ending it.
    if (systemErrorCode(error) !== 'ECONNRESET') throw error;
  }
}

interface ControlFollower {
  push(chunk: Buffer): void;
  report(): GuestReport;
  marks(): Omit<MachineMarks, 'spawnedMs' | 'closedMs'>;
  stop(): void;
}

/** Notes when each report comes, and gives the guest `shutdownLimitMs` after the last one. */
function followControl(nowMs: () => number, kill: () => void): ControlFollower {
  let bytes = Buffer.alloc(0);
  let marks: Omit<MachineMarks, 'spawnedMs' | 'closedMs'> = {};
  let shutdownTimer: NodeJS.Timeout | undefined;
  return {
    push(chunk) {
      if (bytes.length >= controlBytesLimit) return;
      bytes = Buffer.concat([bytes, chunk]);
      const { state, ending } = parseGuestReport(bytes.toString('utf8'));
      const now = nowMs();
      const ranks = ['silent', 'ready', 'mounted', 'handed', 'started'];
      const rank = ranks.indexOf(state);
      marks = {
        ...(rank >= 1 ? { readyMs: now } : {}),
        ...(rank >= 2 ? { mountedMs: now } : {}),
        ...(rank >= 4 ? { startedMs: now } : {}),
        ...(ending === undefined ? {} : { endingMs: now }),
        ...marks,
      };
      if (ending !== undefined) shutdownTimer ??= setTimeout(kill, shutdownLimitMs);
    },
    report: () => parseGuestReport(bytes.toString('utf8')),
    marks: () => marks,
    stop: () => clearTimeout(shutdownTimer),
  };
}
