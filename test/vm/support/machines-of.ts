import { readdir, readFile } from 'node:fs/promises';

/** PIDs of the QEMU processes that were started from kernels below `home`. */
export async function machinesOf(home: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process that ends meanwhile is not there.
    const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    if (line.includes('qemu-system') && line.includes(home)) found.push(Number(name));
  }
  return found;
}
