import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociRuntimes } from '../../../builder/run/container.ts';
import { findTool } from '../../../builder/run/tool-environment.ts';
import { captureBoot } from '../../vm/support/captured-boot.ts';
import { bootObstacle, openFileSource } from '../../vm/support/root-disk.ts';
import type { GuestReport } from './cgroup-v2-program.ts';
import { type Bench, createBench, whyNoSteps } from './fixture.ts';
import { findKernelRoot, guestPathOf, makeGuestDisk, makeGuestRoot } from './guest-root.ts';

const needed = ['ldd', 'modprobe', 'depmod'];
const missing = [];
for (const name of needed) if ((await findTool(name)) === undefined) missing.push(`needs ${name}`);
const obstacles = [whyNoSteps, (await bootObstacle()) ?? '', ...missing];
const why = obstacles.filter((reason) => reason !== '').join(', ');

let bench: Bench;

beforeAll(async () => {
  if (why === '') bench = await createBench();
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(why !== '')(`a machine with cgroups of version 2 alone ${why}`, () => {
  it('holds the limits of a step, and tells which one it ran into', async () => {
    const found = await Promise.all(ociRuntimes.map((name) => findTool(name)));
    const runtimes = ociRuntimes.filter((_, index) => found[index] !== undefined);
    const root = join(bench.path, 'guest');
    const kernelRoot = await findKernelRoot(join(bench.path, 'kernel'));
    await makeGuestRoot(root, { runtimes, kernelRoot });
    const home = join(bench.path, 'home');
    if (kernelRoot !== '/') {
      // Where a kernel that was downloaded is kept, and found.
      await mkdir(join(home, 'vm'), { recursive: true });
      await rename(kernelRoot, join(home, 'vm', 'kernel'));
    }
    await cp(await bench.disk('step'), join(root, 'step.img'));
    const path = join(bench.path, 'guest.img');
    await makeGuestDisk(root, path);
    await using disk = await openFileSource(path);
    const program = guestPathOf(join(import.meta.dirname, 'cgroup-v2-program.ts'));
    const { stdout, stderr, exitCode } = await captureBoot({
      home,
      disk,
      argv: ['/start', program, runtimes.join(','), '/step.img'],
      timeoutMs: 150_000,
    });
    expect([exitCode, stderr.toString('utf8')]).toEqual([0, '']);
    const report = JSON.parse(stdout.toString('utf8')) as GuestReport;
    expect(report).toMatchObject({ versions: [2], missing: [] });
    for (const runtime of runtimes) {
      const { none, memory, pids, devices } = Object.fromEntries(
        ['none', 'memory', 'pids', 'devices'].map((name) => [
          name,
          report.steps[`${runtime} ${name}`],
        ]),
      );
      expect(none).toEqual({
        ending: 'exit 7',
        output: '0::/\ntouch: /sys/fs/cgroup/x: Read-only file system\n',
        unenforced: [],
        peakMemoryBytes: expect.any(Number) as number,
        cpuMs: expect.any(Number) as number,
      });
      expect(none?.peakMemoryBytes).toBeGreaterThan(0);
      expect(none?.cpuMs).toBeGreaterThan(0);
      expect([memory?.ending, memory?.output]).toEqual([
        'step_oom',
        expect.stringMatching(/^the step ran out of memory: limit 64 MiB, peak 6[34] MiB/),
      ]);
      expect([pids?.ending, pids?.output]).toEqual([
        'step_pids_exceeded',
        expect.stringMatching(/^the step reached its limit of 20 processes/),
      ]);
      expect([devices?.ending, devices?.output]).toEqual([
        'exit 0',
        expect.stringMatching(/^head: \/d: Operation not permitted\nnull\n$/),
      ]);
    }
  }, 170_000);
});
