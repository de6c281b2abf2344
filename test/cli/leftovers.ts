import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCgroupMounts } from '../../builder/run/cgroup.ts';

export interface LeftoverPlace {
  /** Below it lies all that the commands were given. */
  readonly path: string;
  readonly home: string;
  /** The processes that were started. */
  readonly pids: readonly number[];
}

/** All that commands left behind: processes, mounts in any namespace, loop devices, cgroups, temporary files. */
export async function findLeftovers({ path, home, pids }: LeftoverPlace): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await namesIn('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    for (const file of ['mountinfo', 'cmdline', 'environ']) {
      const text = await textOf(`/proc/${pid}/${file}`);
      if ([path, home].some((place) => text.includes(`${place}/`) || text.includes(`=${place}\0`)))
        found.push(`process ${pid} by ${file}: ${await textOf(`/proc/${pid}/cmdline`)}`);
    }
  }
  for (const device of await namesIn('/sys/block')) {
    const backing = await textOf(`/sys/block/${device}/loop/backing_file`);
    if (backing.startsWith(`${path}/`) || backing.startsWith(`${home}/`))
      found.push(`loop device ${device} on ${backing.trim()}`);
  }
  for (const mount of await readCgroupMounts()) {
    for (const name of await namesIn(join(mount.path, 'ashlar')))
      if (pids.some((pid) => name.includes(`-${pid}-`))) found.push(`cgroup ${name}`);
  }
  for (const directory of [join(home, 'run'), join(home, 'tmp'), join(path, 'store/~tmp')])
    for (const name of await namesIn(directory)) found.push(`file ${directory}/${name}`);
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'latin1').catch(() => '');
}
