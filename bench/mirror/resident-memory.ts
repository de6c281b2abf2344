import { readdir, readFile } from 'node:fs/promises';
import { systemErrorCode } from '../../src/index.ts';

/** What a process and its descendants have held at most, each by itself, added up (VmHWM of /proc/PID/status). */
export async function peakResidentBytes(pid: number): Promise<number> {
  const parents = await readParents();
  let bytes = 0;
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    bytes += await peakOf(next);
    for (const [child, parent] of parents) if (parent === next) waiting.push(child);
  }
  return bytes;
}

async function readParents(): Promise<ReadonlyMap<number, number>> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readStatus(Number(name));
    parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }
  return parents;
}

async function peakOf(pid: number): Promise<number> {
  const status = await readStatus(pid);
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Empty for a process that has ended. */
async function readStatus(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return '';
    throw error;
  }
}
