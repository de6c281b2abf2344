import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import packageFile from '../../../package.json' with { type: 'json' };
import {
  type Ashlar,
  chooseRows,
  createAshlar,
  knownChecks,
  type MatrixReport,
  matrixRows,
  places,
  problemsOf,
  readReport,
  type ReportForm,
  type Row,
  type RowKind,
  rowKinds,
  runMatrix,
  summaryText,
  UnknownChoice,
  writeReport,
} from '../../../matrix-tests/index.ts';
import { createOwnedTempDir } from '../../disk/owned-temp-dir.ts';
import { writeFileAtomic } from '../../disk/write-file-atomic.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { exitCodeOfClass } from '../../errors/exit-codes.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { ensureHome } from '../ensure-home.ts';
import { findRegistryCache } from '../find-registry-cache.ts';
import { lastMatrixPath } from '../last-matrix.ts';
import { matrixProgress } from '../matrix-progress.ts';
import { formatTable } from '../terminal.ts';

export interface MatrixRunOptions {
  /** Of releases and rows; none for all. */
  readonly names: readonly string[];
  /** Ids; none for all. */
  readonly checks: readonly string[];
  readonly form: ReportForm | undefined;
  readonly outFile: string | undefined;
  readonly on: readonly string[];
  readonly kinds: readonly string[];
  readonly jobs: number | undefined;
  readonly way: 'run' | 'list';
}

const program = join(import.meta.dirname, '../../../bin/ashlar');
const endings = { html: 'html', json: 'json', junit: 'xml' } as const;

/**
 * `ashlar matrix run`: every base by commands of a store of its own, which is removed at the end. The exit code is 1 where something is not as
 * expected, and 6 where no row could run. Throws `invalid_request` for a release or check that is not there, before anything runs.
 */
export async function matrixRun(
  context: CommandContext,
  options: MatrixRunOptions,
): Promise<FinishedCommand> {
  const { names, form, jobs, way } = options;
  const outFile = await outFileOf(options);
  const kinds = rowKinds.filter((kind) => options.kinds.includes(kind));
  const on = places.filter((place) => options.on.includes(place));
  await ensureHome(context);
  await using temp = await createOwnedTempDir(join(context.config.home, 'tmp'), 'matrix');
  const ashlar = await ashlarIn(context, temp.path, kinds);
  const { signal } = context;
  const all = await matrixRows({ ashlar, cacheDir: cacheDirOf(context), env: context.env, signal });
  const rows = named(() => chooseRows(all, { kinds, names }));
  if (way === 'list') return listRows(rows);
  await checkNames(ashlar, options.checks, signal);
  const report = await runMatrix({
    rows,
    ashlar,
    tempDir: temp.path,
    on,
    checks: options.checks,
    ...(jobs === undefined ? {} : { jobs }),
    version: packageFile.version,
    signal,
    onProgress: matrixProgress(context.terminal),
  });
  if (form !== undefined) await writeOut(outFile, writeReport(report, form));
  if (options.checks.length === 0) await keep(context, report, all);
  return finished(report, form === undefined ? null : outFile);
}

function finished(report: MatrixReport, file: string | null): FinishedCommand {
  const written = file === null ? [] : [`report: ${pathToFileURL(file).href}`];
  return {
    json: { ...report },
    text: [summaryText(report), ...written].join('\n'),
    exitCode: exitCodeOf(report),
  };
}

/** Where no row ran, nothing is known: that is not fine either, and for the operator of this machine to mend. */
function exitCodeOf(report: MatrixReport): number {
  if (problemsOf(report) > 0) return exitCodeOfClass.author;
  const isSomethingKnown = report.rows.some(({ outcome }) => outcome !== 'not-run');
  return isSomethingKnown ? 0 : exitCodeOfClass.operator;
}

/** The command line as a user has it, with a home and a store of its own. */
async function ashlarIn(
  context: CommandContext,
  directory: string,
  kinds: readonly RowKind[],
): Promise<Ashlar> {
  const home = join(directory, 'home');
  await mkdir(home);
  const env: NodeJS.ProcessEnv = {
    ...context.env,
    ASHLAR_HOME: home,
    ASHLAR_STORE: pathToFileURL(join(directory, 'store')).href,
  };
  if (kinds.includes('pulled') && (env['ASHLAR_REGISTRY_CACHE'] ?? '') === '') {
    // One that runs with this home is not found from another.
    const search = await findRegistryCache(context);
    if (search.kind === 'found') env['ASHLAR_REGISTRY_CACHE'] = search.cache.url;
  }
  return createAshlar({ program, env });
}

/** Trees that are made of packages outlive the run: they may be thrown away, and are made anew. */
function cacheDirOf({ env }: CommandContext): string {
  const cache = env['XDG_CACHE_HOME'] ?? '';
  return join(cache.startsWith('/') ? cache : join(homedir(), '.cache'), 'ashlar-matrix');
}

/** Whether it can be written is found out before the run, and not after it. */
async function outFileOf({ form, outFile }: MatrixRunOptions): Promise<string> {
  if (form === undefined && outFile !== undefined)
    throw new AshlarError(
      'invalid_request',
      '--out names a file for a report that was not asked for',
      { hint: 'Say which with --report html, json or junit.' },
    );
  if (form === undefined) return '';
  if (outFile === '')
    throw new AshlarError('invalid_request', '--out names no file', {
      hint: 'Name a file in a directory that is there, with --out.',
    });
  const file = resolve(outFile ?? `ashlar-matrix.${endings[form]}`);
  // Before minutes are spent. What is there stays as it is until there is a report.
  await writing(file, async () => {
    const isThere = existsSync(file);
    await using _ = await open(file, isThere ? 'r+' : 'wx');
    if (!isThere) await rm(file);
  });
  return file;
}

async function writeOut(file: string, text: string): Promise<void> {
  await writing(file, () => writeFile(file, text));
}

async function writing(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError('invalid_request', `no report can be written to ${file} (${code})`, {
      data: { path: file },
      hint: 'Name a file in a directory that is there, with --out.',
      cause: error,
    });
  }
}

function named<Value>(choose: () => Value): Value {
  try {
    return choose();
  } catch (error) {
    if (!(error instanceof UnknownChoice)) throw error;
    throw new AshlarError('invalid_request', error.message, {
      data: { known: [...error.known] },
      hint: `Known are ${error.known.join(', ')}.`,
      cause: error,
    });
  }
}

async function checkNames(
  ashlar: Ashlar,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return;
  const known = await knownChecks(ashlar, signal);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new AshlarError('check_unknown', `no check is called ${unknown}`, {
    data: { known: [...known] },
    hint: `Known are ${known.join(', ')}.`,
  });
}

function listRows(rows: readonly Row[]): FinishedCommand {
  const shown = rows.map(({ id, title, kind, source, release, on }) => ({
    id,
    title,
    kind,
    source,
    release,
    on: [...on],
  }));
  return {
    json: { rows: shown },
    text: formatTable(shown.map(({ id, kind, title, source }) => [id, kind, title, source])),
  };
}

/** For `base ls`, which shows what came of each release: rows that did not run now are as they were when they last did. */
async function keep(
  { config }: CommandContext,
  report: MatrixReport,
  all: readonly Row[],
): Promise<void> {
  const path = join(config.home, lastMatrixPath);
  const before = readReport(await readIfThere(path));
  const isOlder = ({ id }: { readonly id: string }): boolean =>
    all.some((row) => row.id === id) && !report.rows.some((row) => row.id === id);
  const rows = [...report.rows, ...(before?.rows.filter(isOlder) ?? [])];
  await writeFileAtomic(path, writeReport({ ...report, rows }, 'json'));
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return '';
  }
}
