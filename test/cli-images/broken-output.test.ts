import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchDir } from '../support/scratch.ts';
import { createCli, makeTar } from './support/cli.ts';

const scratch = scratchDir('cli-broken-output');
const cli = createCli(join(scratch, 'home'));
const program = join(import.meta.dirname, '../../bin/ashlar');

beforeAll(async () => {
  const archive = makeTar(join(scratch, 'base.tar'), { file: 'text\n' });
  await cli.run('image', 'import', `tar:${archive}`, '-t', 'base', '--disk', '64M');
});

/** Runs a line of bash in which `$0` is the program; gives what was left of stdout and stderr. */
async function inShell(script: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn('bash', ['-c', script, program], { env: cli.env });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr };
}

describe('a reader of stdout that leaves', () => {
  it.each(['image files base', 'image files base --output json', 'image inspect base', '--help'])(
    'ends %s without a word',
    async (command) => {
      const { stdout, stderr } = await inShell(
        `"$0" ${command} | exec 0<&-; printf '%s' "\${PIPESTATUS[0]}"`,
      );
      expect([stdout, stderr]).toEqual(['0', '']);
    },
  );
});

describe('a stdout that is full', () => {
  it.each(['image files base', 'image files base --output json', 'image cat base file'])(
    'fails %s with who has to act',
    async (command) => {
      const { stdout, stderr } = await inShell(`"$0" ${command} >/dev/full; printf '%s' $?`);
      expect(stdout).toBe('6');
      expect(stderr).toMatch(
        /^error: the output of the command cannot be written to stdout \(ENOSPC\)\n {2}code: disk_full; .*\n {2}next: Free space where stdout/,
      );
    },
  );
});

describe('a stderr that cannot be written', () => {
  it.each([
    ['image files nowhere', '2'],
    ['image cat base file', 'text\n0'],
  ])('changes nothing about %s', async (command, expected) => {
    const { stdout } = await inShell(`"$0" ${command} 2>/dev/full; printf '%s' $?`);
    expect(stdout).toBe(expected);
  });
});
