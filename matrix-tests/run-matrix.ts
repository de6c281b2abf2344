import { availableParallelism } from 'node:os';
import type { MatrixContext, MatrixProgress } from './matrix-context.ts';
import type { Ashlar } from './processes/ashlar.ts';
import { type CheckReport, type MatrixReport, reportFormat } from './report/matrix-report.ts';
import { type CheckPlace, places } from './row/check-place.ts';
import type { Row } from './row/row.ts';
import { runRow } from './run-row.ts';
import { runSideBySide } from './run-side-by-side.ts';

export interface RunMatrixRequest {
  readonly rows: readonly Row[];
  readonly ashlar: Ashlar;
  /** A directory for this run alone; the caller removes it. */
  readonly tempDir: string;
  readonly on: readonly CheckPlace[];
  /** Ids of checks, or none for all. */
  readonly checks: readonly string[];
  /** How many rows run at a time; as many as there are processors where it is left out. */
  readonly jobs?: number;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: (event: MatrixProgress) => void;
}

/**
 * Runs rows side by side and gives the report, its rows in the order of the request whenever they ended. Throws the abort reason, when all
 * that was started has ended, and what fails in this machine.
 */
export async function runMatrix(request: RunMatrixRequest): Promise<MatrixReport> {
  const { rows, checks, on, version } = request;
  const jobs = Math.max(1, Math.min(request.jobs ?? availableParallelism(), rows.length));
  const startedAt = new Date().toISOString();
  const started = performance.now();
  request.onProgress({ kind: 'started', rows: rows.length, jobs });
  // One that fails for a reason of this machine ends the others.
  const failed = new AbortController();
  const context: MatrixContext = {
    ashlar: request.ashlar,
    tempDir: request.tempDir,
    on: places.filter((place) => on.includes(place)),
    isChosen: (check) => checks.length === 0 || checks.includes(check),
    signal: AbortSignal.any([request.signal, failed.signal]),
    onProgress: request.onProgress,
  };
  const done = await runSideBySide(
    rows,
    async (row) => {
      const result = await runRow(row, context);
      request.onProgress({ kind: 'finished', row: result.report });
      return result;
    },
    { jobs, onFailure: (error) => failed.abort(error) },
  ).catch((error: unknown) => {
    // Streams that are aborted have errors of their own for it.
    request.signal.throwIfAborted();
    throw error;
  });
  return {
    format: reportFormat,
    version,
    startedAt,
    durationMs: Math.round(performance.now() - started),
    machine: `${process.platform}/${process.arch}, ${availableParallelism()} processors`,
    on: [...context.on],
    checks: columnsOf(done.flatMap((row) => row.checks)),
    rows: done.map(({ report }) => report),
  };
}

/** Each check once: those of the tree first, then of containers, then of machines. */
function columnsOf(checks: readonly CheckReport[]): CheckReport[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  return [...byId.values()].toSorted(
    (one, other) => places.indexOf(one.on) - places.indexOf(other.on),
  );
}
