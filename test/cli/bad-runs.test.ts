import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CliBench,
  type CliError,
  createCliBench,
  documentOf,
  whyNoSteps,
} from './cli-bench.ts';

let bench: CliBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createCliBench();
});
afterEach(() => bench.requireClean());
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function failureOf(
  command: string,
  ...args: readonly string[]
): Promise<CliError & { exitCode: number | null }> {
  const dockerfile = `FROM base:test\nRUN ${command}\n`;
  const result = await bench.build(dockerfile, { args: [...args, '--output', 'json'] });
  return { ...documentOf(result).error, exitCode: result.exitCode };
}

describe.skipIf(whyNoSteps !== '')(`a RUN that goes wrong ${whyNoSteps}`, () => {
  it('fails by itself, by a signal, or because its program is not there', async () => {
    for (const [command, exitCode] of [
      ['exit 42', 42],
      ["sh -c 'kill -9 $$'; exit $?", 137],
      ['["/bin/nothing"]', 127],
      ['["/data/a"]', 126],
      ['nothing', 127],
    ] as const) {
      expect(await failureOf(command)).toMatchObject({
        exitCode: 1,
        code: 'step_failed',
        class: 'author',
        data: { line: 2, exitCode, excerpt: `2 | RUN ${command}` },
      });
    }
  });

  it('fills its disk', async () => {
    const error = await failureOf('dd if=/dev/zero of=/big bs=1M', '--disk', '32M');
    expect(error).toMatchObject({ exitCode: 1, code: 'disk_exceeded', data: { line: 2 } });
    expect(error.message).toMatch(
      /Dockerfile:2: the step wrote more bytes than its disk of 32 MiB/,
    );
    expect(error.hint).toContain('--disk');
  });

  it('is killed for memory', async () => {
    const error = await failureOf('echo before; tail /dev/zero', '--memory', '32M');
    expect(error).toMatchObject({
      exitCode: 1,
      code: 'step_oom',
      data: { line: 2, output: expect.stringContaining('before') as string },
    });
    expect(error.hint).toContain('--memory');
  });

  it('never ends', async () => {
    const error = await failureOf(
      '(setsid sleep 1000 &); echo waits; sleep 1000',
      '--step-timeout',
      '1.5s',
    );
    expect(error).toMatchObject({
      exitCode: 1,
      code: 'step_timeout',
      data: { line: 2, output: 'waits' },
    });
    expect(error.hint).toContain('--step-timeout');
  });

  it('forks without end', async () => {
    const error = await failureOf('for i in $(seq 100); do sleep 100 & done; wait', '--pids', '20');
    expect(error).toMatchObject({ exitCode: 1, code: 'step_pids_exceeded', data: { line: 2 } });
    expect(error.hint).toContain('--pids');
    const bomb = await failureOf(
      'bomb() { bomb | bomb & }; bomb; sleep 100',
      '--pids',
      '50',
      '--step-timeout',
      '2s',
    );
    expect([bomb.exitCode, ['step_timeout', 'step_pids_exceeded'].includes(bomb.code)]).toEqual([
      1,
      true,
    ]);
  });

  it('writes 1 GB of output, while memory stays bounded', async () => {
    const directory = await bench.context({
      Dockerfile: 'FROM base:test\nRUN yes "a line of the output" | head -c 1000000000\n',
    });
    const args = ['build', '.', '--network', 'none', '--output', 'json'];
    // To a file: what reads from the other end must not be what is measured.
    const under = ['sh', '-c', 'exec "$@" 2>output', 'sh'];
    const running = bench.start(args, { cwd: directory, under });
    let peakKiB = 0;
    while (running.child.exitCode === null && running.child.signalCode === null) {
      const status = await readFile(`/proc/${running.pid}/status`, 'latin1').catch(() => '');
      peakKiB = Math.max(peakKiB, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      await delay(20);
    }
    expect((await running.result).exitCode).toBe(0);
    const shown = await readFile(`${directory}/output`, 'utf8');
    expect(shown).toContain('[output cut after 104857600 bytes; the step goes on]');
    expect(shown.length).toBeLessThan(400_000_000);
    expect(peakKiB).toBeGreaterThan(10_000);
    expect(peakKiB).toBeLessThan(300_000);
  });
});
