import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runChild } from '../../matrix-tests/processes/run-child.ts';

const { env } = process;

function sh(script: string, over: Partial<Parameters<typeof runChild>[0]> = {}) {
  const { signal } = new AbortController();
  return runChild({ argv: ['sh', '-c', script], env, timeoutMs: 60_000, signal, ...over });
}

/** Not gone, and no zombie that nobody reaps. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a child', () => {
  it('gives what it wrote, and its exit code', async () => {
    const { exitCode, stdout, stderr, endedFor } = await sh('echo out; echo err >&2; exit 3');
    expect([exitCode, stdout.toString(), stderr, endedFor]).toEqual([3, 'out\n', 'err\n', null]);
  });

  it('is interrupted when its time is over, with those that it started', async () => {
    const { stdout, endedFor } = await sh('sleep 300 & echo $!; wait', { timeoutMs: 300 });
    expect(endedFor).toBe('timeout');
    await expect.poll(() => isRunning(Number(stdout.toString()))).toBe(false);
  });

  it('is let take down what it set up when it is interrupted, and waited for', async () => {
    const interrupt = new AbortController();
    const said: string[] = [];
    const running = sh(
      'trap "echo taken down >&2; exit 0" INT; echo ready; while :; do sleep 0.05; done',
      {
        signal: interrupt.signal,
        onStderr: (text) => void said.push(text),
        onStdout: () => interrupt.abort(new Error('enough')),
      },
    );
    await expect(running).rejects.toThrow('enough');
    expect(said.join('')).toBe('taken down\n');
  });

  it('is killed where it does not heed that', async () => {
    const started = performance.now();
    const { endedFor, exitCode } = await sh(
      'trap "" INT TERM; echo $$; while :; do sleep 0.05; done',
      {
        timeoutMs: 200,
        graceMs: 300,
      },
    );
    expect([endedFor, exitCode]).toEqual(['timeout', null]);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('is ended when it writes without end', async () => {
    const { endedFor, stdout } = await sh('yes', { maxOutputBytes: 100_000, graceMs: 300 });
    expect(endedFor).toBe('output');
    expect(stdout.length).toBeLessThanOrEqual(100_000);
  });

  it('that is not there is an error of the system', async () => {
    const { signal } = new AbortController();
    const missing = runChild({ argv: ['/nowhere/program'], env, timeoutMs: 1000, signal });
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
