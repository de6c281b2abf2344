import type { MatrixReport, RowReport } from './matrix-report.ts';

/** How many things are not as they should be. */
export function problemsOf({ rows }: MatrixReport): number {
  return rows.reduce((sum, { problems }) => sum + problems.length, 0);
}

/** A line a row, then what is wrong, then a line that says it all. */
export function summaryText(report: MatrixReport): string {
  const { rows } = report;
  const width = Math.max(0, ...rows.map(({ id }) => id.length));
  const lines = rows.map(
    (row) => `${mark[row.outcome]}  ${row.id.padEnd(width)}  ${rowWords(row)}`,
  );
  const problems = rows.flatMap(({ id, problems }) => problems.map((words) => `${id}: ${words}`));
  const notRun = rows.filter(({ outcome }) => outcome === 'not-run').length;
  const all = [
    `${rows.length - notRun} rows`,
    ...(notRun === 0 ? [] : [`${notRun} not run`]),
    `${report.checks.length} checks`,
    problems.length === 0 ? 'no problems' : `${problems.length} problems`,
    `${(report.durationMs / 1000).toFixed(1)} s`,
  ].join(', ');
  return [...lines, ...(problems.length === 0 ? [] : ['', ...problems]), '', all].join('\n');
}

const mark = { 'as-expected': 'ok     ', problems: 'PROBLEM', 'not-run': 'not run' } as const;

/** Of a finished row, on one line. */
export function rowWords({ kind, cells, reason, durationMs }: RowReport): string {
  if (reason !== null) return `${kind}: ${reason}`;
  const count = (...verdicts: readonly string[]): number =>
    cells.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const words = [
    `${count('passed', 'mended')} hold, ${count('mended')} of them since the setup`,
    `${count('known')} fail as expected`,
    `${count('failed', 'unproven')} are not as expected`,
  ];
  return `${kind}: ${words.filter((one) => !/^0 (fail|are)/.test(one)).join(', ')} (${(durationMs / 1000).toFixed(1)} s)`;
}
