import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applyCgroupLimits,
  parseCgroupMounts,
  readCgroupCounters,
  removeCgroup,
  type CgroupMount,
} from '../../../builder/run/cgroup.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ashlar-cgroup-'));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

/** Plain files stand in for the control files of a kernel that is not at hand. */
async function hierarchy(
  mount: Omit<CgroupMount, 'path'>,
  files: Record<string, string>,
): Promise<CgroupMount> {
  const path = await mkdtemp(join(root, 'mount-'));
  await mkdir(join(path, 'ashlar/one'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, 'ashlar/one', name), text);
  }
  return { ...mount, path };
}

async function contentOf(mount: CgroupMount, name: string): Promise<string> {
  return readFile(join(mount.path, 'ashlar/one', name), 'latin1');
}

describe('cgroup mounts', () => {
  it('are read from mountinfo, in version 1, 2 and hybrid', () => {
    const text = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime master:3 shared:4 - cgroup2 cgroup2 rw,nsdelegate
27 1 254:0 / / rw,relatime - ext4 /dev/root rw
`;
    expect(parseCgroupMounts(text)).toEqual([
      { path: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['rw', 'cpu', 'cpuacct'] },
      { path: '/sys/fs/cgroup/memory', version: 1, controllers: ['rw', 'memory'] },
      { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
    ]);
  });
});

describe('cgroup limits', () => {
  it('are set in version 2, without swap', async () => {
    const files = { 'memory.max': 'max', 'memory.swap.max': 'max', 'pids.max': 'max' };
    const mount = await hierarchy({ version: 2, controllers: ['memory', 'pids'] }, files);
    expect(await applyCgroupLimits([mount], 'one', { memoryBytes: 1000, pids: 7 })).toEqual([]);
    expect(await contentOf(mount, 'memory.max')).toMatch(/^1000/);
    expect(await contentOf(mount, 'memory.swap.max')).toMatch(/^0/);
    expect(await contentOf(mount, 'pids.max')).toMatch(/^7/);
  });

  it('are set in version 1, with swap counted', async () => {
    const memory = await hierarchy(
      { version: 1, controllers: ['rw', 'memory'] },
      { 'memory.limit_in_bytes': '', 'memory.memsw.limit_in_bytes': '' },
    );
    const pids = await hierarchy({ version: 1, controllers: ['rw', 'pids'] }, { 'pids.max': '' });
    const limits = { memoryBytes: 1000, pids: 7 };
    expect(await applyCgroupLimits([memory, pids], 'one', limits)).toEqual([]);
    expect(await contentOf(memory, 'memory.limit_in_bytes')).toBe('1000');
    expect(await contentOf(memory, 'memory.memsw.limit_in_bytes')).toBe('1000');
    expect(await contentOf(pids, 'pids.max')).toBe('7');
  });

  it('that cannot be set are named', async () => {
    const limits = { memoryBytes: 1000, pids: 7 };
    const bare = await hierarchy({ version: 2, controllers: [] }, {});
    expect(await applyCgroupLimits([bare], 'one', limits)).toEqual(['memory', 'pids']);
    expect(await applyCgroupLimits([], 'one', limits)).toEqual(['memory', 'pids']);
    expect(await applyCgroupLimits([], 'one', {})).toEqual([]);
  });
});

describe('cgroup counters', () => {
  it('are read in version 2', async () => {
    const mount = await hierarchy(
      { version: 2, controllers: [] },
      {
        'memory.events': 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n',
        'memory.peak': '4096\n',
        'pids.events': 'max 5\n',
        'cpu.stat': 'usage_usec 1500\nuser_usec 1000\n',
      },
    );
    expect(await readCgroupCounters([mount], 'one')).toEqual({
      oomKills: 2,
      forksRefused: 5,
      peakMemoryBytes: 4096,
      cpuMs: 1.5,
    });
  });

  it('that a kernel does not keep are left out', async () => {
    expect(await readCgroupCounters([], 'one')).toEqual({
      oomKills: 0,
      forksRefused: 0,
      peakMemoryBytes: undefined,
      cpuMs: undefined,
    });
  });
});

describe('a cgroup', () => {
  it('is removed with those below it, and may be gone already', async () => {
    const mount = await hierarchy({ version: 2, controllers: [] }, {});
    await mkdir(join(mount.path, 'ashlar/one/inner/deep'), { recursive: true });
    await removeCgroup([mount], 'one');
    await removeCgroup([mount], 'one');
    await expect(readFile(join(mount.path, 'ashlar/one'))).rejects.toThrow('ENOENT');
  });
});
