import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, runCommand } from '../src/index.ts';
import type { BenchContext } from './benchmark.ts';

export interface BenchCommand {
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandRun {
  readonly stdout: string;
  readonly wallMs: number;
}

export interface MeasuredRun extends CommandRun {
  /** The largest resident set of any one process. */
  readonly peakBytes: number;
  /** Processor time of all processes. */
  readonly cpuMs: number;
}

/** Prints a command as a shell would take it, runs it and measures it; throws `internal` when it fails. */
export async function run(context: BenchContext, command: BenchCommand): Promise<CommandRun> {
  const { argv, cwd, env } = command;
  const [file = '', ...args] = argv;
  context.say(`$ ${shellLine(command)}`);
  const startMs = performance.now();
  const result = await runCommand(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    signal: context.signal,
    keepBytes: 8 * 1024 * 1024,
  });
  const wallMs = performance.now() - startMs;
  if (result.exitCode === 0) return { stdout: result.stdout.toString().trim(), wallMs };
  // Ashlar says in JSON on stdout what went wrong.
  const words = `${result.stderr.toString()}${result.stdout.toString()}`.trim().slice(-1500);
  throw new AshlarError(
    'internal',
    `${file} ${args.join(' ').slice(0, 300)} ended with ${result.exitCode ?? result.signal}: ${words}`,
    { data: { tool: file } },
  );
}

/** As `run`, with what the kernel booked for the process and for those that it waited for (GNU time). */
export async function runMeasured(
  context: BenchContext,
  command: BenchCommand,
): Promise<MeasuredRun> {
  const report = join(context.workDir, 'time.txt');
  const argv = ['time', '-f', '%M %U %S', '-o', report, ...command.argv];
  const result = await run(context, { ...command, argv });
  const text = await readFile(report, 'utf8');
  const lastLine = text.trim().split('\n').at(-1) ?? '';
  const [peakKib = 0, userSec = 0, systemSec = 0] = lastLine.split(' ').map(Number);
  return { ...result, peakBytes: peakKib * 1024, cpuMs: (userSec + systemSec) * 1000 };
}

/** A script as a command: it ends at the first command that fails. */
export function script(lines: readonly string[]): readonly string[] {
  return ['bash', '-euc', lines.join('\n')];
}

/** A word as a shell takes it literally. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function shellLine({ argv, cwd, env }: BenchCommand): string {
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${name}=${quoted(value)}`);
  const line = [...variables, ...argv.map(quoted)].join(' ');
  return cwd === undefined ? line : `cd ${quoted(cwd)} && ${line}`;
}
