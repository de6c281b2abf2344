import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentProcessScope } from '../../../builder/run/process-identity.ts';
import { readKeeperRecord } from '../../../builder/run/step-directory.ts';
import { withRunStep } from '../../../builder/run/run-step.ts';
import { sweepRunLeftovers } from '../../../builder/run/sweep-run-leftovers.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import {
  createBench,
  failureOf,
  leftovers,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
} from './fixture.ts';

let bench: Bench;
let disk: string;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  disk = await bench.disk('killed');
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

function startWorker(): ChildProcess {
  const program = join(import.meta.dirname, 'killed-worker.ts');
  return spawn(process.execPath, [program, bench.workRoot, disk], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Waits until `look` finds nothing; fails with what it found last. */
async function untilNothing(look: () => Promise<readonly string[]>): Promise<void> {
  let found: readonly string[] = ['not looked yet'];
  for (let attempt = 0; attempt < 250 && found.length > 0; attempt++) {
    found = await look();
    if (found.length > 0) await delay(20);
  }
  expect(found).toEqual([]);
}

/** All that a killed worker leaves but what only a sweep removes. */
async function alive(pid: number): Promise<readonly string[]> {
  const all = await leftovers(bench, pid);
  return all.filter((line) => !/^(directory|cgroup) /.test(line));
}

/** The name of the step directory that appears. */
async function firstStep(): Promise<string> {
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const [name] = await readdir(bench.workRoot).catch(() => []);
    if (name !== undefined) return name;
    await delay(1);
  }
  throw new Error('no step began');
}

/** As `firstStep`, failing at once when the worker leaves before it begins one. */
async function firstStepOf(worker: ChildProcess): Promise<string> {
  const left = once(worker, 'exit').then(([code]) => {
    throw new Error(`the worker left with exit code ${String(code)}`);
  });
  left.catch(() => {
    // Killed by the test later on.
  });
  return Promise.race([firstStep(), left]);
}

describe.skipIf(whyNoSteps !== '')(`a step that is ended from outside ${whyNoSteps}`, () => {
  it.each(Array.from({ length: 14 }, (_, index) => index * 23))(
    'leaves nothing when it is aborted after %i ms',
    async (afterMs) => {
      const reason = new Error('enough');
      const controller = new AbortController();
      const step = runStep({
        ...shellStep(bench, disk, '(setsid sleep 1000 &); sleep 1000'),
        signal: controller.signal,
        network: 'isolated',
      });
      await Promise.all([
        expect(step).rejects.toBe(reason),
        delay(afterMs).then(() => controller.abort(reason)),
      ]);
      expect(await leftovers(bench)).toEqual([]);
    },
  );

  it('leaves nothing when it is aborted while its difference is read', async () => {
    const controller = new AbortController();
    const reason = new AshlarError('interrupted', 'stopped by the test');
    const script = 'for i in $(seq 20); do cp -r /bin /copy$i; done';
    const options = { ...shellStep(bench, disk, script), signal: controller.signal };
    const reading = withRunStep(options, async (step) => {
      for await (const chunk of step.diffStream()) if (chunk.length > 0) controller.abort(reason);
    });
    expect(await failureOf(reading)).toBe(reason);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('does not start when it is aborted before', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    const step = runStep({ ...shellStep(bench, disk, 'true'), signal });
    await expect(step).rejects.toThrow('before');
    expect(await leftovers(bench)).toEqual([]);
  });

  it('fails when its keeper is killed', async () => {
    const step = runStep(shellStep(bench, disk, 'sleep 1000'));
    const directory = join(bench.workRoot, await firstStep());
    let keeper: { pid: number } | undefined;
    while (keeper === undefined) keeper = await readKeeperRecord(directory);
    process.kill(keeper.pid, 'SIGKILL');
    expect(['internal', 'kernel_feature_missing']).toContain((await failureOf(step)).code);
    expect(await leftovers(bench)).toEqual([]);
  });

  it.each([30, 70, 110, 160, 230, 320, 420])(
    'runs no longer than its worker, killed %i ms after its step began; a sweep removes the rest',
    async (afterMs) => {
      const worker = startWorker();
      const exited = once(worker, 'exit');
      const name = await firstStepOf(worker);
      await delay(afterMs);
      worker.kill('SIGKILL');
      await exited;
      await untilNothing(async () => alive(worker.pid ?? 0));
      expect(await sweepRunLeftovers(bench.workRoot)).toEqual([name]);
      expect(await leftovers(bench, worker.pid)).toEqual([]);
    },
  );
});

describe.skipIf(whyNoSteps !== '')(`a sweep ${whyNoSteps}`, () => {
  it('ends what was stopped, and leaves a live step alone', async () => {
    const worker = startWorker();
    const exited = once(worker, 'exit');
    const name = await firstStepOf(worker);
    await once(worker.stdout ?? worker, 'data');
    const live = runStep(shellStep(bench, disk, 'sleep 1; echo survived'));
    const keeper = await readKeeperRecord(join(bench.workRoot, name));
    if (keeper === undefined) throw new Error('the step recorded no keeper');
    process.kill(keeper.pid, 'SIGSTOP');
    expect(await sweepRunLeftovers(bench.workRoot)).toEqual([]);
    worker.kill('SIGKILL');
    await exited;
    expect(await sweepRunLeftovers(bench.workRoot)).toEqual([name]);
    expect((await live).stdout).toBe('survived\n');
    await untilNothing(async () => leftovers(bench, worker.pid));
  });

  it('judges directories by the boot and the numbering of processes that their names tell', async () => {
    const { boot, pidNamespace } = await currentProcessScope();
    const names = {
      otherBoot: `step-00000000-${pidNamespace}-1-1-00000000`,
      otherNumbering: `step-${boot}-1-1-1-00000001`,
      reusedId: `step-${boot}-${pidNamespace}-${process.pid}-1-00000002`,
      foreign: 'step-of-somebody-else',
    };
    for (const name of Object.values(names)) await mkdir(join(bench.workRoot, name));
    const removed = await sweepRunLeftovers(bench.workRoot);
    expect(removed.toSorted()).toEqual([names.otherBoot, names.reusedId].toSorted());
    expect((await readdir(bench.workRoot)).toSorted()).toEqual(
      [names.foreign, names.otherNumbering].toSorted(),
    );
  });

  it('finds nothing where no step was ever run', async () => {
    expect(await sweepRunLeftovers(join(bench.path, 'nowhere'))).toEqual([]);
  });
});
