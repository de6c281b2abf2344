import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { firstFailure, nameSystemFailure } from '../../src/cli/name-system-failure.ts';
import { toAshlarError } from '../../src/errors/ashlar-error.ts';
import { scratchDir } from '../support/scratch.ts';
import { createCli } from './support/cli.ts';

const home = join(scratchDir('cli-unforeseen'), 'home');
const cli = createCli(home);
mkdirSync(join(home, 'disks'), { recursive: true });

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, path });
}

function codeOf(error: unknown): string {
  return nameSystemFailure(toAshlarError(error), home).code;
}

describe('a failure that nobody has named', () => {
  it.each([
    [systemError('ENOSPC'), 'disk_full'],
    [systemError('EFBIG'), 'disk_full'],
    [systemError('EMFILE'), 'resources_exhausted'],
    [systemError('EAGAIN'), 'resources_exhausted'],
    [systemError('EIO', join(home, 'disks/a')), 'home_unusable'],
    [systemError('EROFS', join(`/proc/17/root${home}`, 'run/step/a')), 'home_unusable'],
    [systemError('ENOENT', join(home, 'removed/step')), 'home_unusable'],
    [systemError('ENOENT', join(home, 'disks/missing')), 'internal'],
    [systemError('EIO', '/elsewhere/a'), 'internal'],
    [systemError('ENOENT'), 'internal'],
    [new Error('no system call'), 'internal'],
    ['no error', 'internal'],
  ])('is told by what the system said: %s is %s', (error, code) => {
    expect(codeOf(error)).toBe(code);
  });

  it('may be the cause of another, and keeps its words', () => {
    const wrapped = toAshlarError(new Error('a step failed', { cause: systemError('ENOSPC') }));
    expect(nameSystemFailure(wrapped, undefined)).toMatchObject({
      code: 'disk_full',
      message: 'a step failed',
    });
  });

  it('is the first one where cleaning up fails too', () => {
    const first = systemError('ENOSPC');
    const inner = new SuppressedError(systemError('ENOENT'), first);
    expect(firstFailure(new SuppressedError(systemError('EIO'), inner))).toBe(first);
  });
});

describe('an error that nobody waited for', () => {
  it.each([
    ["new Error('unforeseen')", 7, /^error: unforeseen\n[^]*code: internal; .*\(platform\)/],
    [
      "Object.assign(new Error('spawn sh EAGAIN'), { code: 'EAGAIN' })",
      6,
      /^error: spawn sh EAGAIN\n {2}code: resources_exhausted; .*\(operator\)/,
    ],
  ])('ends the program with its class: %s', async (thrown, exitCode, message) => {
    // Thrown as soon as the program listens for such errors.
    const script = `const timer = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return;
      clearInterval(timer);
      throw ${thrown};
    }, 1);`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(script)}`;
    const program = join(import.meta.dirname, '../../bin/ashlar');
    const child = spawn(program, ['doctor'], { env: { ...cli.env, NODE_OPTIONS: preload } });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
  });
});
