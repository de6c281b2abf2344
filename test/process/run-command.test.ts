import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChecked, runCommand } from '../../src/process/run-command.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('run-command');

describe('a command that is run', () => {
  it('gives what it said and how it ended, whatever that is', async () => {
    const script = 'cat; echo "$NAME in $PWD"; echo no >&2; exit 7';
    const env = { ...process.env, NAME: 'somebody' };
    const result = await runCommand('sh', ['-c', script], { input: 'in ', env, cwd: scratch });
    expect(result).toMatchObject({ exitCode: 7, signal: null });
    expect(result.stdout.toString()).toBe(`in somebody in ${scratch}\n`);
    expect(result.stderr.toString()).toBe('no\n');
    expect(await runCommand('sh', ['-c', 'kill -9 $$'])).toMatchObject({
      exitCode: null,
      signal: 'SIGKILL',
    });
  });

  it('may leave without reading its input', async () => {
    const input = Buffer.alloc(4 * 1024 * 1024, 'x');
    expect((await runCommand('true', [], { input })).exitCode).toBe(0);
  });

  it('has the last of its words kept, and no more', async () => {
    const script = 'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done';
    const { stdout } = await runCommand('sh', ['-c', script], { keepBytes: 20 });
    expect(stdout.toString()).toBe('line 4998\nline 4999\n');
  });

  it('is tool_missing when it is not installed, and not when its directory is missing', async () => {
    await expect(runCommand('no-such-program', [])).rejects.toMatchObject({
      code: 'tool_missing',
      data: { tool: 'no-such-program' },
    });
    const cwd = join(scratch, 'missing');
    await expect(runCommand('true', [], { cwd })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is killed when it is no longer wanted, or takes too long', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const running = runCommand('sleep', ['600'], { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    const { signal } = controller;
    await expect(runCommand('sleep', ['600'], { signal })).rejects.toBe(reason);
    const slow = runCommand('sleep', ['600'], { timeoutMs: 50 });
    await expect(slow).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a command that has to go well', () => {
  it('fails with its last words', async () => {
    const run = runChecked('sh', ['-c', 'echo words >&2; exit 3']);
    await expect(run).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('ended with exit code 3: words'),
      data: { tool: 'sh', stderr: 'words' },
    });
    await expect(runChecked('sh', ['-c', 'kill -9 $$'])).rejects.toMatchObject({
      message: expect.stringContaining('ended with signal SIGKILL'),
    });
  });
});
