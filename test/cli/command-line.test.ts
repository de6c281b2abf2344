import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { runCommand } from '../../src/process/run-command.ts';
import { scratchDir } from '../support/scratch.ts';

const program = join(import.meta.dirname, '../../bin/ashlar');
const env = { ...process.env, ASHLAR_HOME: scratchDir('command-line') };

async function ashlar(...args: string[]) {
  const { exitCode, stdout, stderr } = await runCommand(program, args, { env });
  return { exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

describe('a command line', () => {
  it.for([['--version'], ['-V']])('%s gives the version', async (args) => {
    expect(await ashlar(...args)).toEqual({
      exitCode: 0,
      stdout: `${packageFile.version}\n`,
      stderr: '',
    });
  });

  it.for([{ args: [] }, { args: ['image'] }, { args: ['store'] }, { args: ['help', 'bild'] }])(
    'of $args shows the help on stderr and is wrong',
    async ({ args }) => {
      const { exitCode, stdout, stderr } = await ashlar(...args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^Usage: ashlar /);
      expect(stderr).not.toContain('error:');
    },
  );

  it('of --help shows it on stdout and is fine', async () => {
    const { exitCode, stdout, stderr } = await ashlar('image', '--help');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: ashlar image /);
  });

  it('of an unknown command says which one may be meant', async () => {
    const { exitCode, stdout, stderr } = await ashlar('bild', '.');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: unknown command 'bild'\n\(Did you mean build\?\)\n/);
  });

  it.for([
    [
      '--memory',
      '95M',
      /^error: --memory 95M is too little for a machine\n.*\n  next: Give 96M or more/,
    ],
    ['--cpus', '100000', /^error: --cpus 100000: this machine has \d+\n/],
  ] as const)('that asks for a machine with %s %s is told what can be had', async (given) => {
    const [option, value, says] = given;
    const { exitCode, stderr } = await ashlar('boot', 'app', option, value);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
  });
});
