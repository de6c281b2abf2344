import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CellReport,
  type MatrixReport,
  matrixReportSchema,
} from '../../matrix-tests/report/matrix-report.ts';
import { runChild } from '../../matrix-tests/processes/run-child.ts';
import { awkwardBases } from '../../matrix-tests/rows/awkward-rows.ts';
import { runCommand } from '../../src/process/run-command.ts';
import { hidePrograms } from '../cli/hide-programs.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';

const program = join(import.meta.dirname, '../../bin/ashlar');
const home = scratchDir('matrix-home');
const env = { ...process.env, ASHLAR_HOME: home, XDG_CACHE_HOME: join(home, 'cache') };

async function matrix(args: readonly string[], prefix: readonly string[] = []) {
  const [file = program, ...rest] = [...prefix, program, 'matrix', 'run', ...args];
  const { exitCode, stdout, stderr } = await runCommand(file, rest, {
    env,
    timeoutMs: 280_000,
    keepBytes: 32 * 1024 * 1024,
  });
  return { exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

function cellIn(report: MatrixReport, row: string, check: string): CellReport | undefined {
  return report.rows.find(({ id }) => id === row)?.cells.find((cell) => cell.check === check);
}

/** Half a minute where nothing else runs. */
const matrixTimeoutMs = 300_000;

describe('ashlar matrix run', { timeout: matrixTimeoutMs }, () => {
  it('sets up and checks every release as far as it is recorded, and every awkward base', async () => {
    const { exitCode, stdout, stderr } = await matrix(
      `--rows reconstruction,awkward --on tree --output json --report html --out ${home}/matrix.html`.split(
        ' ',
      ),
    );
    const report = matrixReportSchema.parse(JSON.parse(stdout));
    expect(
      report.rows.flatMap(({ id, problems }) => problems.map((words) => `${id}: ${words}`)),
    ).toEqual([]);
    expect(exitCode).toBe(0);
    const releases = new Set(report.rows.flatMap(({ release }) => release ?? []));
    for (const version of [
      '14.04',
      '16.04',
      '18.04',
      '20.04',
      '22.04',
      '24.04',
      '25.04',
      '25.10',
      '26.04',
    ])
      expect(releases).toContain(`ubuntu-${version}`);
    expect(report.rows.filter(({ kind }) => kind === 'awkward')).toHaveLength(awkwardBases.length);
    for (const { id, steps } of report.rows)
      expect([id, ...steps.map(({ status }) => status)]).toEqual([
        id,
        ...Array<string>(7).fill('passed'),
      ]);
    expect(stderr).toMatch(/^\[ ?1\/\d+\] as-expected: /m);
    requireStory(report);
    requireStranger(report);
    expect(readFileSync(join(home, 'matrix.html'), 'utf8')).toContain('sudoers-second-include');
    requireClean();
    expect(await lastResultOf('ubuntu-18.04')).toMatchObject([
      { kind: 'reconstruction', outcome: 'as-expected', problems: 0 },
    ]);
  });

  it('shows a row as not run where its image cannot be made here, and never as passed', async ({
    skip,
  }) => {
    const prefix = isRoot ? hidePrograms('mmdebstrap') : [];
    const args = ['--release', 'debian-13', '--rows', 'real', '--output', 'json'];
    const { exitCode, stdout } = await matrix(args, prefix);
    if (stdout === '' && isRoot) skip('no mount namespace can be made here');
    const report = matrixReportSchema.parse(JSON.parse(stdout));
    // Nothing is known, which is not fine.
    expect(exitCode).toBe(6);
    expect(report.rows.length).toBeGreaterThan(1);
    for (const row of report.rows)
      expect(row).toMatchObject({
        outcome: 'not-run',
        reason: isRoot ? 'mmdebstrap is not installed' : 'mmdebstrap has to be run by root',
        cells: [],
        digest: null,
      });
    requireClean();
  });

  it('knows no release, row or check that is not there, and says which are', async () => {
    const release = await matrix(['--release', 'ubuntu:17.10']);
    expect(release.exitCode).toBe(2);
    expect(release.stderr).toMatch(
      /no row or release is called ubuntu:17.10\n.*\n {2}next: Known are .*ubuntu-18.04/,
    );
    const kind = await matrix(['--release', 'ubuntu:18.04', '--rows', 'real']);
    expect(kind.exitCode).toBe(2);
    expect(kind.stderr).toMatch(
      /no row of the kind real is called ubuntu:18.04\n.*\n {2}next: Known are ubuntu-18.04 \(reconstruction\), ubuntu-18.04-pulled \(pulled\)/,
    );
    const check = await matrix(['--check', 'sudoers-parse']);
    expect(check.exitCode).toBe(2);
    expect(check.stderr).toMatch(
      /no check is called sudoers-parse\n.*\n {2}next: Known are .*sudoers-parses/,
    );
  });

  it.each([
    [['--out', 'x.html'], /--out names a file for a report that was not asked for/],
    [
      ['--report', 'html', '--out', '/nowhere/x.html'],
      /no report can be written to \/nowhere\/x.html/,
    ],
    [['--report', 'html', '--out', '/tmp'], /no report can be written to \/tmp \(EISDIR\)/],
    [['--report', 'json', '--out', '/proc/x.json'], /no report can be written to \/proc\/x.json/],
    [
      ['--report', 'json', '--out', '/etc/passwd/x.json'],
      /no report can be written .* \(ENOTDIR\)/,
    ],
    [['--report', 'json', '--out', ''], /--out names no file/],
    [['--release', ''], /It names nothing/],
    [['--check', ','], /It names nothing/],
    [['--on', 'moon'], /Known are tree, container, boot/],
    [['--jobs', '0'], /a number from 1 to 64/],
  ])('%j is refused before anything runs', async (args, words) => {
    const { exitCode, stderr } = await matrix(args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(words);
  });

  it('ends with its children when it is interrupted, and leaves nothing', async () => {
    const interrupt = new AbortController();
    let said = '';
    const running = runChild({
      argv: [program, 'matrix', 'run', '--rows', 'awkward', '--on', 'tree'],
      env,
      timeoutMs: 100_000,
      signal: interrupt.signal,
      onStderr: (text) => {
        said += text;
        // One row has ended, and others run.
        if (/^\[ ?1\/\d+\]/m.test(said)) interrupt.abort(new Error('interrupted'));
      },
    });
    await expect(running).rejects.toThrow('interrupted');
    expect(said).toContain('error: ended by SIGINT');
    requireClean();
  });
});

/** The story of 2018: what failed then is named with file and line, and nothing that a setup does makes it worse. */
function requireStory(report: MatrixReport): void {
  const cell = cellIn(report, 'sudoers-second-include', 'sudoers-parses');
  expect(cell).toMatchObject({
    verdict: 'known',
    before: {
      status: 'failed',
      place: '/etc/sudoers:31',
      class: 'author',
      code: 'base_sudoers_broken',
    },
    after: { status: 'failed', place: '/etc/sudoers:31' },
  });
  expect(cellIn(report, 'ubuntu-18.04', 'sudoers-parses')?.verdict).toBe('passed');
  expect(cellIn(report, 'ubuntu-18.04', 'user-becomes-root')?.after?.status).toBe('passed');
}

/** Where nothing says which sudo it is, nothing is said of what it does: no cell passes for that. */
function requireStranger(report: MatrixReport): void {
  const judged = ['sudoers-parses', 'sudoers-include-read', 'user-becomes-root', 'user-rule-last'];
  for (const check of judged)
    expect(cellIn(report, 'fedora', check)).toMatchObject({
      verdict: 'not-applicable',
      after: { reason: 'about images with a sudo whose version is known' },
    });
  expect(cellIn(report, 'fedora', 'ca-in-bundle')?.verdict).toBe('passed');
}

async function lastResultOf(release: string): Promise<unknown> {
  const { stdout } = await runCommand(program, ['base', 'ls', '--output', 'json'], { env });
  const { releases } = JSON.parse(stdout.toString('utf8')) as {
    releases: readonly { release: string; matrix: unknown }[];
  };
  return releases.find((one) => one.release === release)?.matrix;
}

/** No temporary directory, and no process whose store was in it. */
function requireClean(): void {
  mkdirSync(join(home, 'tmp'), { recursive: true });
  expect(readdirSync(join(home, 'tmp'))).toEqual([]);
  expect(existsSync(join(home, 'store'))).toBe(false);
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(`ASHLAR_HOME=${join(home, 'tmp')}`));
  expect(left).toEqual([]);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // It has ended, or is somebody else's.
    return '';
  }
}
