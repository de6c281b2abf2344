import { readFile, readlink } from 'node:fs/promises';
import { systemErrorCode } from '../../src/index.ts';

/** A process that is not mistaken for a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process. */
  readonly startTicks: number;
}

/** Which kernel run and which numbering of processes an id belongs to. */
export interface ProcessScope {
  /** First 8 hex digits of the kernel's boot id. */
  readonly boot: string;
  /** Inode number of the pid namespace. */
  readonly pidNamespace: string;
}

/** What proc_pid_stat(5) says of a process; `statPath` may lead into another /proc. */
export interface ProcessStatus {
  /** One letter; Z is a process that ended and was not waited for. */
  readonly state: string;
  readonly startTicks: number;
  /** Field 52, in the form of waitpid(2). Only true of a zombie. */
  readonly waitStatus: number;
}

/** Undefined when there is no such process (any more). */
export async function readProcessStatus(statPath: string): Promise<ProcessStatus | undefined> {
  let text: string;
  try {
    text = await readFile(statPath, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
  // The program's name stands in parentheses and may itself hold any of these characters.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    startTicks: Number(fields[19]),
    waitStatus: Number(fields[49]),
  };
}

export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const status = await readProcessStatus(`/proc/${pid}/stat`);
  return status === undefined ? undefined : { pid, startTicks: status.startTicks };
}

/** True while the very process runs: not ended, not a zombie, not another one with its id. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const status = await readProcessStatus(`/proc/${identity.pid}/stat`);
  if (status === undefined || status.startTicks !== identity.startTicks) return false;
  return status.state !== 'Z' && status.state !== 'X';
}

export async function currentProcessScope(): Promise<ProcessScope> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'latin1');
  const namespace = await readlink('/proc/self/ns/pid');
  return { boot: bootId.slice(0, 8), pidNamespace: namespace.replace(/\D/g, '') };
}
