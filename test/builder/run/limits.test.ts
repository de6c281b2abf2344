import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepLimits } from '../../../builder/run/run-step-options.ts';
import {
  createBench,
  failureOf,
  leftovers,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
  type StepOutcome,
} from './fixture.ts';

const mebibyte = 1024 * 1024;
let bench: Bench;
let disk: string;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  disk = await bench.disk('limits');
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

function limited(script: string, limits: StepLimits): Promise<StepOutcome> {
  return runStep(shellStep(bench, disk, script, { limits: { timeoutMs: 60_000, ...limits } }));
}

describe.skipIf(whyNoSteps !== '')(`limits of a step ${whyNoSteps}`, () => {
  it('memory: says so when the kernel killed for it', async () => {
    const error = await failureOf(limited('tail /dev/zero', { memoryBytes: 64 * mebibyte }));
    expect(error.code).toBe('step_oom');
    expect(error.message).toMatch(/^the step ran out of memory: limit 64 MiB, peak 6\d MiB/);
    expect(error.data).toMatchObject({ limitBytes: 64 * mebibyte, oomKills: 1 });
  });

  it('memory: says so when only a child was killed', async () => {
    const script = 'tail /dev/zero; test $? = 137 && exit 1';
    const error = await failureOf(limited(script, { memoryBytes: 64 * mebibyte }));
    expect([error.code, error.message]).toEqual([
      'step_oom',
      expect.stringContaining('exit code 1'),
    ]);
  });

  it('memory: files in /dev/shm count, and a step that copes succeeds', async () => {
    const script = 'head -c 60M /dev/zero > /dev/shm/x || true; tail /dev/zero; exit 0';
    const { step } = await limited(script, { memoryBytes: 48 * mebibyte });
    expect(step.exitCode).toBe(0);
    expect(step.usage.oomKills).toBeGreaterThan(0);
  });

  it('memory: pages of files written do not count against the step', async () => {
    const script = 'dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null';
    const { step } = await limited(script, { memoryBytes: 48 * mebibyte });
    expect(step.exitCode).toBe(0);
  });

  it('processes: says so when forks were refused', async () => {
    const script = 'for i in $(seq 100); do sleep 30 & done';
    const error = await failureOf(limited(script, { pids: 20 }));
    expect([error.code, error.data['limit']]).toEqual(['step_pids_exceeded', 20]);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('processes: ends a fork bomb with all its children', async () => {
    const script = 'bomb() { bomb | bomb & bomb; }; bomb';
    const error = await failureOf(limited(script, { pids: 200, timeoutMs: 5_000 }));
    expect(['step_pids_exceeded', 'step_timeout']).toContain(error.code);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('time: ends a step that hangs, daemons and all', async () => {
    const script = 'trap "" TERM; (setsid sleep 1000 &); sleep 1000';
    const startMs = performance.now();
    const error = await failureOf(limited(script, { timeoutMs: 700 }));
    expect([error.code, error.message]).toEqual([
      'step_timeout',
      'the step did not end within 0.7 s',
    ]);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('ends daemons with the command that started them', async () => {
    const script = '(setsid sh -c "sleep 1000 & sleep 1000" &); sleep 0.1; echo done';
    const { step, stdout } = await limited(script, {});
    expect([step.exitCode, stdout]).toEqual([0, 'done\n']);
    expect(await leftovers(bench)).toEqual([]);
  });

  it.each([
    ['leaves what it wrote', 'dd if=/dev/zero of=/big bs=64k'],
    ['removes what it wrote', 'dd if=/dev/zero of=/big bs=64k; sleep 0.3; rm /big; exit 1'],
    [
      'writes too many files',
      'mkdir /many; cd /many; i=0; while : > $i; do i=$((i+1)); done; exit 1',
    ],
    ['fills /etc/hosts', 'dd if=/dev/zero of=/etc/hosts bs=64k'],
  ])('disk: says so when the step %s', async (_, script) => {
    const error = await failureOf(limited(script, { upperBytes: 16 * mebibyte }));
    expect([error.code, error.data]).toEqual(['disk_exceeded', { limitBytes: 16 * mebibyte }]);
  });

  it('disk: leaves other failures and those that the step copes with alone', async () => {
    const other = 'echo "No space left on device" >&2; exit 1';
    expect((await limited(other, { upperBytes: 16 * mebibyte })).step.exitCode).toBe(1);
    const coping = 'dd if=/dev/zero of=/big bs=64k; rm /big; exit 0';
    expect((await limited(coping, { upperBytes: 16 * mebibyte })).step.exitCode).toBe(0);
  });

  it('output: a step that writes 1 GB goes on, in bounded memory, and what is handed on is cut', async () => {
    let received = 0;
    let tail = '';
    const before = process.memoryUsage().rss;
    const { step } = await runStep({
      ...shellStep(bench, disk, 'head -c 1000000000 /dev/zero; exit 4'),
      limits: { outputBytes: 10 * mebibyte, timeoutMs: 60_000 },
      onOutput: (stream, chunk) => {
        received += chunk.length;
        if (stream === 'stderr') tail += chunk.toString('utf8');
      },
    });
    expect([step.exitCode, step.output]).toEqual([4, { bytes: 1_000_000_000, cut: true }]);
    expect(tail).toBe(`\n[output cut after ${10 * mebibyte} bytes; the step goes on]\n`);
    expect(received).toBe(10 * mebibyte + tail.length);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * mebibyte);
  });

  it('output: fails the step where that is asked for', async () => {
    const limits = { outputBytes: 1000, outputExceeded: 'fail' } as const;
    const error = await failureOf(limited('yes', limits));
    expect([error.code, error.data]).toEqual(['step_output_exceeded', { limitBytes: 1000 }]);
    expect(await leftovers(bench)).toEqual([]);
  });
});
