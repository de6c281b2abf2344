import { readFile } from 'node:fs/promises';

/** `USER_HZ` of proc_pid_stat(5), 100 on every architecture that Node.js has. */
const ticksPerSec = 100;

/** Processor time that a living process has used, in user and kernel mode. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, which may hold anything, stands in brackets before the rest.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / ticksPerSec) * 1000;
}
