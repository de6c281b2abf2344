import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeCells } from './judge-cells.ts';
import type { AshlarAnswer } from './processes/ashlar.ts';
import type { Finding } from './processes/answers.ts';
import { createRowCommands, type RowCommands } from './row-commands.ts';
import type { MatrixContext } from './matrix-context.ts';
import type { CheckReport, RowReport, StepReport } from './report/matrix-report.ts';
import type { CheckPlace } from './row/check-place.ts';
import type { Row, RowExpectations } from './row/row.ts';

type StepName = StepReport['name'];

/** What a step gives where it passed: what it says in the report, and what it found. */
interface Done<Value> {
  readonly says: string;
  readonly value: Value;
}

/** Ends a row: what comes after the step cannot be looked at. */
class StepFailed extends Error {}
/** The image of the row cannot be had here. */
class RowMissing extends Error {}

export interface RowResult {
  readonly report: RowReport;
  /** What was looked at. */
  readonly checks: readonly CheckReport[];
}

/**
 * One row, by commands alone: import, check the base, set it up, check that, set it up again, undo. A step that fails ends the
 * row, as a problem; an image that cannot be had makes it a row that was not run. Throws the abort reason, and what fails in this
 * machine, such as a full disk.
 */
export async function runRow(row: Row, context: MatrixContext): Promise<RowResult> {
  const started = performance.now();
  const tempDir = join(context.tempDir, row.id);
  await mkdir(tempDir);
  const on = context.on.filter((place) => row.on.includes(place));
  const commands = createRowCommands(row, context);
  const steps: StepReport[] = [];
  const problems: string[] = [];
  const found: Found = { before: null, after: null, digest: null };
  let reason: string | null = null;
  try {
    await walk({ row, context, on, commands, tempDir, found, step: recorder(steps, context, row) });
  } catch (error) {
    if (error instanceof RowMissing) reason = error.message;
    else if (error instanceof StepFailed) problems.push(error.message);
    else throw error;
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
  const judged = judgeCells(found, expectedOn(row, on, found.after), context.isChosen);
  problems.push(...judged.problems);
  const { id, title, kind, source, release } = row;
  const report: RowReport = {
    id,
    title,
    kind,
    source: found.detail === undefined ? source : `${source}; ${found.detail}`,
    release,
    outcome: reason !== null ? 'not-run' : problems.length === 0 ? 'as-expected' : 'problems',
    reason,
    problems,
    digest: found.digest,
    steps,
    cells: reason === null ? [...judged.cells] : [],
    durationMs: Math.round(performance.now() - started),
  };
  return { report, checks: reason === null ? judged.checks : [] };
}

/** Where a row is looked at in a part of its places, what is seen in the others is not missed. */
function expectedOn(
  { expects, on: all }: Row,
  on: readonly CheckPlace[],
  after: Found['after'],
): RowExpectations {
  if (all.every((place) => on.includes(place))) return expects;
  const isSeen = (check: string): boolean => after?.some((one) => one.check === check) === true;
  return { ...expects, holds: expects.holds.filter(isSeen) };
}

interface Found {
  before: readonly Finding[] | null;
  after: readonly Finding[] | null;
  digest: string | null;
  detail?: string;
}

type RunStep = <Value>(name: StepName, work: () => Promise<Done<Value>>) => Promise<Value>;

interface Walk {
  readonly row: Row;
  readonly context: MatrixContext;
  /** Where this row is looked at in this run. */
  readonly on: readonly CheckPlace[];
  readonly commands: RowCommands;
  readonly tempDir: string;
  /** Filled on the way, so that what was found stays where a later step fails. */
  readonly found: Found;
  readonly step: RunStep;
}

async function walk({ row, context, on, commands, tempDir, found, step }: Walk): Promise<void> {
  const { signal } = context;
  const source = await step('prepare', async () => {
    const say = (words: string): void => context.onProgress({ kind: 'said', row: row.id, words });
    const made = await row.prepare({ tempDir, signal, say });
    if ('missing' in made) throw new RowMissing(made.missing);
    return { says: made.detail ?? 'made', value: made };
  });
  if (source.detail !== null) found.detail = source.detail;
  const base = await step('import', async () => {
    const answer = await commands.import(source.reference);
    // A registry that does not answer, or does not give the image.
    if (!answer.ok && answer.failure.class === 'upstream')
      throw new RowMissing(answer.failure.message);
    const { digest } = granted(answer);
    return { says: digest, value: digest };
  });
  const before = on.filter((place) => place === 'tree');
  if (before.length > 0)
    found.before = await step('check-before', () => check(commands, 'base', before));
  const setUp = await step('setup', async () => {
    const { digest, changes } = granted(await commands.setup('base', 'set-up'));
    return { says: `${changes.length} changes; ${digest}`, value: digest };
  });
  found.digest = setUp;
  if (on.length > 0) found.after = await step('check-after', () => check(commands, 'set-up', on));
  await step('setup-again', async () => {
    const { digest, changes } = granted(await commands.setup('set-up', 'again'));
    if (digest === setUp) return { says: 'the same digest', value: null };
    const paths = changes.map(({ path }) => path).slice(0, 10);
    throw new StepFailed(`a second setup gives another image, ${digest}: ${paths.join(', ')}`);
  });
  await step('undo', async () => {
    const { digest, left } = granted(await commands.undo('set-up', 'undone'));
    if (digest === base) return { says: 'the same digest as before the setup', value: null };
    const differences = granted(await commands.diff('base', 'undone'));
    const words = [
      ...differences.map(({ change, path }) => `${change} ${path}`),
      ...left.map(({ path, why }) => `${path} stays: ${why}`),
    ];
    if (words.length === 0) return { says: 'the same tree as before the setup', value: null };
    throw new StepFailed(`undo does not give the tree back: ${words.slice(0, 10).join('; ')}`);
  });
}

async function check(
  commands: RowCommands,
  tag: 'base' | 'set-up',
  on: readonly CheckPlace[],
): Promise<Done<readonly Finding[]>> {
  const { findings } = granted(await commands.check(tag, on));
  const counts = new Map<string, number>();
  for (const { status } of findings) counts.set(status, (counts.get(status) ?? 0) + 1);
  return {
    says: [...counts].map(([status, count]) => `${count} ${status}`).join(', '),
    value: findings,
  };
}

function granted<Value>(answer: AshlarAnswer<Value>): Value {
  if (answer.ok) return answer.value;
  const { code, message, hint } = answer.failure;
  throw new StepFailed(`${message} (${code}) ${hint}`);
}

/** Runs steps and notes what came of them. */
function recorder(steps: StepReport[], { onProgress }: MatrixContext, row: Row): RunStep {
  return async (name, work) => {
    onProgress({ kind: 'step', row: row.id, step: name });
    const started = performance.now();
    const note = (status: StepReport['status'], says: string): void => {
      steps.push({ name, status, says, durationMs: Math.round(performance.now() - started) });
    };
    try {
      const { says, value } = await work();
      note('passed', says);
      return value;
    } catch (error) {
      if (error instanceof RowMissing) note('not-run', error.message);
      if (!(error instanceof StepFailed)) throw error;
      note('failed', error.message);
      throw new StepFailed(`${name}: ${error.message}`);
    }
  };
}
