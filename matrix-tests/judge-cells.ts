import type { Finding } from './processes/answers.ts';
import type { CellReport, CheckReport, FindingReport, Verdict } from './report/matrix-report.ts';
import type { ExpectedFailure, RowExpectations } from './row/row.ts';

export interface Findings {
  /** In the base as it is; null where nobody looked. */
  readonly before: readonly Finding[] | null;
  /** In the image that was set up; null where there is none. */
  readonly after: readonly Finding[] | null;
}

export interface JudgedCells {
  readonly cells: readonly CellReport[];
  readonly checks: readonly CheckReport[];
  /** What differs from what the row expects, a sentence each. */
  readonly problems: readonly string[];
}

/** Holds what the checks found against what the row expects. Checks come in the order in which they were found. */
export function judgeCells(
  { before, after }: Findings,
  expects: RowExpectations,
  chosen: (check: string) => boolean,
): JudgedCells {
  const found = new Map<string, Finding>();
  for (const one of [...(before ?? []), ...(after ?? [])]) found.set(one.check, one);
  const checks = [...found.values()]
    .filter(({ check }) => chosen(check))
    .map(({ check, title, on }) => ({ id: check, title, on }));
  const problems: string[] = [];
  const cells = checks.map(({ id: check }) => {
    const cell = cellOf(check, {
      before: before?.find((one) => one.check === check) ?? null,
      after: after?.find((one) => one.check === check) ?? null,
      expected: expects.after.find((one) => one.check === check) ?? null,
    });
    const words = after === null ? null : problemOf(cell);
    if (words !== null) problems.push(words);
    return cell;
  });
  if (before !== null)
    for (const expected of expects.before.filter(({ check }) => chosen(check))) {
      const words = missedBefore(expected, before);
      if (words !== null) problems.push(words);
    }
  if (after !== null)
    for (const check of expects.holds.filter(chosen)) {
      const words = missedAfter(check, after);
      if (words !== null) problems.push(words);
    }
  return { cells, checks, problems };
}

interface Pair {
  readonly before: Finding | null;
  readonly after: Finding | null;
  readonly expected: ExpectedFailure | null;
}

function cellOf(check: string, { before, after, expected }: Pair): CellReport {
  const verdict = verdictOf({ before, after, expected });
  return {
    check,
    verdict,
    because: verdict === 'known' ? (expected?.because ?? null) : null,
    before: reportOf(before),
    after: reportOf(after),
  };
}

/** Where the image was not set up, of the base as it is. */
function verdictOf({ before, after, expected }: Pair): Verdict {
  const last = after ?? before;
  if (last === null) return 'not-run';
  if (last.status === 'failed') {
    if (after === null) return 'failed';
    return expected !== null && namesPlace(last, expected) ? 'known' : 'failed';
  }
  if (after !== null && expected !== null) return 'unproven';
  if (last.status !== 'passed') return last.status;
  return after !== null && before?.status === 'failed' ? 'mended' : 'passed';
}

function problemOf({ check, verdict, after }: CellReport): string | null {
  if (verdict === 'failed')
    return `${check} fails: ${after?.evidence[0] ?? after?.place ?? 'without evidence'}`;
  if (verdict === 'unproven')
    return `${check} should fail after the setup, and is ${after?.status ?? 'not there'}`;
  return null;
}

function missedBefore(expected: ExpectedFailure, findings: readonly Finding[]): string | null {
  const { check, at } = expected;
  const wanted = `${check} should fail in the base as it is${at === undefined ? '' : ` and name ${at}`}`;
  const found = findings.find((one) => one.check === check);
  if (found === undefined) return `${wanted}, and there is no such check`;
  if (found.status !== 'failed') return `${wanted}, and is ${found.status}`;
  return namesPlace(found, expected) ? null : `${wanted}; it names ${placeOf(found) ?? 'no place'}`;
}

/** One that fails is a problem already; one that could not be looked at is shown as that. */
function missedAfter(check: string, findings: readonly Finding[]): string | null {
  const found = findings.find((one) => one.check === check);
  if (found === undefined || found.status !== 'not-applicable') return null;
  return `${check} should hold after the setup, and is not applicable: ${found.reason ?? ''}`;
}

/** `/etc/sudoers` is named by any line of it. */
function namesPlace(finding: Finding, { at }: ExpectedFailure): boolean {
  if (at === undefined) return true;
  const place = placeOf(finding);
  return place === at || (place?.startsWith(`${at}:`) ?? false);
}

function placeOf({ failure }: Finding): string | null {
  const place = failure?.place ?? null;
  if (place === null) return null;
  return place.line === null ? place.path : `${place.path}:${place.line}`;
}

function reportOf(finding: Finding | null): FindingReport | null {
  if (finding === null) return null;
  const { status, evidence, reason, failure } = finding;
  return {
    status,
    evidence: [...evidence],
    reason,
    code: failure?.code ?? null,
    class: failure?.class ?? null,
    why: failure?.why ?? null,
    mend: failure?.mend ?? null,
    place: placeOf(finding),
  };
}
