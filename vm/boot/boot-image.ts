import { appendFile, copyFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { AshlarError, createOwnedTempDir, toAshlarError } from '../../src/index.ts';
import { probeAccelerator } from '../accelerator/probe-accelerator.ts';
import type { BlockSource } from '../block-source.ts';
import {
  encodeCommandArchive,
  type FirstProcess,
  type GuestCommand,
} from '../guest/command-archive.ts';
import { prepareGuest } from '../guest/prepare-guest.ts';
import { serveNbd } from '../nbd/serve-nbd.ts';
import { hostPlatform } from '../platform.ts';
import { traceReads, type ReadTrace } from '../read-trace.ts';
import { bootFailure, bootTimeout } from './boot-failure.ts';
import type { GuestEnding } from './guest-report.ts';
import type { Accelerator } from './qemu-arguments.ts';
import { runMachine, type MachineMarks, type MachineRun } from './run-machine.ts';

export interface BootOptions {
  /** ASHLAR_HOME. */
  readonly home: string;
  /** An ext4 file system without a partition table. Writes of the guest never reach it. */
  readonly disk: BlockSource;
  readonly command: GuestCommand;
  /** Default `guest`. */
  readonly init?: FirstProcess;
  /** Default 1024. */
  readonly memoryMiB?: number;
  /** Default 1. */
  readonly cpus?: number;
  /** For the machine, from its start to its end. Default 5 minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  readonly onConsole?: (chunk: Buffer) => void;
}

export interface BootResult {
  /** 128 + n for a command that signal n ended; 127 for one that does not exist, 126 for one that cannot be run. */
  readonly exitCode: number;
  /** Set when a signal ended the command itself. */
  readonly signal?: string;
  readonly timings: BootTimings;
  readonly accelerator: Accelerator;
  /** The last 64 KiB of the serial console, as the guest wrote them. */
  readonly console: string;
  /** Bytes read from the disk, repeated reads included. */
  readonly readBytes: number;
  /** Indexes of 64 KiB chunks of the disk, in the order in which each was first read. */
  readonly readChunks: readonly number[];
}

/** Seen from the host, in the order in which they happen; they add up to `totalMs`. */
export interface BootTimings {
  /** Until QEMU starts: kernel, initramfs, accelerator and disk server. */
  readonly prepareMs: number;
  /** QEMU, firmware, kernel and drivers, until the guest's init reports. */
  readonly kernelMs: number;
  /** The mount of the root disk. */
  readonly mountMs: number;
  /** The other mounts, the look-up of the user, the output ports; before them all that an init of the image does. */
  readonly setupMs: number;
  readonly commandMs: number;
  /** Until QEMU has ended and everything is removed. */
  readonly shutdownMs: number;
  readonly totalMs: number;
}

const defaultTimeoutMs = 5 * 60_000;
const nowMs = (): number => performance.now();

/**
 * Boots the disk in a virtual machine, runs one command in it as a child of the guest's init, chrooted into
 * the image, with /dev/null for stdin and without a network, and powers off. Nothing of the image is needed
 * but the command. Output is byte-exact and complete when the promise resolves.
 *
 * With `init: 'image'` the image's /sbin/init is the first process, in a machine that nobody has furnished but for
 * a devtmpfs on /dev, as a kernel does: that init mounts, names and starts things, and then runs the command. Known are
 * that of Ashlar's setup, systemd, and what reads /etc/inittab (sysvinit, busybox).
 *
 * Throws what the disk's `read` threw, as soon as one read fails; the reason of `signal`; `boot_timeout`
 * for a command that takes too long, `boot_too_slow` where it has not begun by then; `boot_check_failed` for a
 * user or working directory that the image does not have, and for an init of the image that is none, is unknown or gives up; `boot_failed` for a machine that ends before it
 * reports (a panic, no file system), `resources_exhausted` when that is for lack of memory; and what `prepareGuest` and `probeAccelerator` throw. In every case QEMU has ended
 * and the temporary files are gone; what a killed process left below `home`/tmp is removed by the next boot.
 */
export async function bootImage(options: BootOptions): Promise<BootResult> {
  const beginMs = nowMs();
  options.signal?.throwIfAborted();
  const archive = encodeCommandArchive(options.command, options.init ?? 'guest');
  const { accelerator } = await probeAccelerator(options.home);
  const trace = traceReads(options.disk);
  const run = await runOnDisk({ options, archive, accelerator, trace });
  const { ending } = run.report;
  if (ending === undefined || ending.kind === 'failed') throw bootFailure(run);
  return {
    ...describeEnding(ending),
    timings: timingsOf(run.marks, beginMs, nowMs()),
    accelerator,
    console: run.console,
    readBytes: trace.readBytes(),
    readChunks: trace.readChunks(),
  };
}

interface DiskRun {
  readonly options: BootOptions;
  readonly archive: Buffer;
  readonly accelerator: Accelerator;
  readonly trace: ReadTrace;
}

/** Gives a run that nobody stopped, or that was stopped when the command had ended. */
async function runOnDisk(diskRun: DiskRun): Promise<MachineRun> {
  const { options, archive, accelerator, trace } = diskRun;
  const { home, signal, timeoutMs = defaultTimeoutMs } = options;
  const kit = await prepareGuest(home);
  await using directory = await createOwnedTempDir(join(home, 'tmp'), 'vm');
  const initramfsPath = join(directory.path, 'initramfs');
  await copyFile(kit.initramfsPath, initramfsPath);
  await appendFile(initramfsPath, archive);
  const readFailure = new AbortController();
  await using server = await serveNbd({
    socketPath: join(directory.path, 'disk.sock'),
    source: trace.source,
    onReadError: (error) => readFailure.abort(toAshlarError(error)),
  });
  const timeout = AbortSignal.timeout(timeoutMs);
  const callerSignal = signal ?? new AbortController().signal;
  const run = await runMachine({
    plan: {
      platform: hostPlatform(),
      accelerator,
      kernelPath: kit.kernelPath,
      initramfsPath,
      memoryMiB: options.memoryMiB ?? 1024,
      cpus: options.cpus ?? 1,
      diskSocket: basename(server.socketPath),
    },
    directory: directory.path,
    signal: AbortSignal.any([callerSignal, timeout, readFailure.signal]),
    onStdout: options.onStdout,
    onStderr: options.onStderr,
    onConsole: options.onConsole,
    nowMs,
  });
  readFailure.signal.throwIfAborted();
  callerSignal.throwIfAborted();
  if (timeout.aborted && run.report.ending === undefined) throw bootTimeout(run, timeoutMs);
  return run;
}

function describeEnding(
  ending: Exclude<GuestEnding, { kind: 'failed' }>,
): Pick<BootResult, 'exitCode' | 'signal'> {
  if (ending.kind === 'exit') return { exitCode: ending.exitCode };
  const number = ending.signalNumber;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { exitCode: 128 + number, signal: name ?? `SIG${number}` };
}

function timingsOf(marks: MachineMarks, beginMs: number, endMs: number): BootTimings {
  const { spawnedMs, readyMs, mountedMs, startedMs, endingMs } = marks;
  if (
    readyMs === undefined ||
    mountedMs === undefined ||
    startedMs === undefined ||
    endingMs === undefined
  ) {
    throw new AshlarError('internal', 'the guest reported an ending without a beginning');
  }
  return {
    prepareMs: spawnedMs - beginMs,
    kernelMs: readyMs - spawnedMs,
    mountMs: mountedMs - readyMs,
    setupMs: startedMs - mountedMs,
    commandMs: endingMs - startedMs,
    shutdownMs: endMs - endingMs,
    totalMs: endMs - beginMs,
  };
}
