import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommonOptions, type Perform, withCommonOptions } from './common-options.ts';
import type { MatrixRunOptions } from './commands/matrix-run.ts';

interface MatrixFlags extends CommonOptions {
  readonly release?: readonly string[];
  readonly check?: readonly string[];
  readonly report?: MatrixRunOptions['form'];
  readonly out?: string;
  readonly on: readonly string[];
  readonly rows: readonly string[];
  readonly jobs?: number;
  readonly list?: boolean;
}

/** `ashlar matrix ...` */
export function addMatrixCommands(program: Command, perform: Perform): void {
  const matrix = program
    .command('matrix')
    .description('run the setup and its contract against every release, and report a grid');

  withCommonOptions(
    matrix
      .command('run')
      .description(
        'set every base up, check it before and after, and take the setup out again; exits with 1 where something is not as expected, with 6 where no row could run',
      )
      .option(
        '--release <names>',
        'these releases or rows alone, with commas, such as ubuntu:18.04,sudoers-crlf; may be given several times',
        collect,
      )
      .option(
        '--check <ids>',
        'these checks alone, with commas; may be given several times',
        collect,
      )
      .addOption(
        new Option(
          '--report <form>',
          'write a report: html in one file, json, or junit for CI',
        ).choices(['html', 'json', 'junit']),
      )
      .option(
        '--out <file>',
        'where the report is written (default: ashlar-matrix.html, .json or .xml)',
      )
      .option('--on <places>', 'where checks look', commas(['tree', 'container', 'boot']), [
        'tree',
        'container',
        'boot',
      ])
      .option(
        '--rows <kinds>',
        'which rows',
        commas(['reconstruction', 'real', 'awkward', 'pulled']),
        ['reconstruction', 'real', 'awkward', 'pulled'],
      )
      .option('--jobs <count>', 'rows at a time (default: as many as there are processors)', count)
      .option('--list', 'list the rows, and run none')
      .addHelpText('after', details),
  ).action((flags: MatrixFlags) =>
    perform(flags, async (context) => {
      const { matrixRun } = await import('./commands/matrix-run.ts');
      return matrixRun(context, {
        names: flags.release ?? [],
        checks: flags.check ?? [],
        form: flags.report,
        outFile: flags.out,
        on: flags.on,
        kinds: flags.rows,
        jobs: flags.jobs,
        way: flags.list === true ? 'list' : 'run',
      });
    }),
  );
}

const details = `
Rows: reconstruction, a release as far as it is recorded, of which nothing can be run; awkward, one of these with a fault that
people's images have; real, made of Debian's packages by mmdebstrap (root; kept below the cache directory for a month); pulled,
the published image of Docker Hub. A row whose image cannot be had is shown as not run, with the reason.

  ashlar matrix run --rows reconstruction,awkward       in less than a minute, without network and without root
  ashlar matrix run --report html --out matrix.html     all that this machine can do, in some minutes`;

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  const names = list(value);
  if (names.length === 0) throw new InvalidArgumentError('It names nothing.');
  return [...previous, ...names];
}

function commas(known: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const names = list(text);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined || names.length === 0)
      throw new InvalidArgumentError(`Known are ${known.join(', ')}.`);
    return names;
  };
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function count(text: string): number {
  const jobs = Number(text);
  if (Number.isSafeInteger(jobs) && jobs > 0 && jobs <= 64) return jobs;
  throw new InvalidArgumentError('It is a number from 1 to 64.');
}
