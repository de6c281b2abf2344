import { escapeMarkup } from './escape.ts';
import type {
  CellReport,
  FindingReport,
  MatrixReport,
  RowReport,
  StepReport,
} from './matrix-report.ts';

/**
 * The report as CI systems read it (the JUnit format of Jenkins, GitLab and others): a suite a row, a case a step and a check. What
 * was not run, does not apply or fails as expected is skipped, with the reason.
 */
export function junitReport({ rows, startedAt, durationMs }: MatrixReport): string {
  const suites = rows.map((row) => suiteOf(row, startedAt));
  const counts = countsOf(rows.flatMap(casesOf));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="ashlar matrix" ${attributes({ ...counts, time: seconds(durationMs) })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

interface Case {
  readonly name: string;
  readonly time: string;
  readonly outcome:
    | { readonly kind: 'passed' }
    | { readonly kind: 'skipped'; readonly message: string }
    | { readonly kind: 'failure'; readonly message: string; readonly text: string };
}

function suiteOf(row: RowReport, startedAt: string): string {
  const cases = casesOf(row);
  const head = attributes({
    name: row.id,
    ...countsOf(cases),
    timestamp: startedAt.replace(/\.\d+Z$/, ''),
    time: seconds(row.durationMs),
  });
  return [
    `  <testsuite ${head}>`,
    '    <properties>',
    ...Object.entries({ title: row.title, kind: row.kind, source: row.source }).map(
      ([name, value]) => `      <property ${attributes({ name, value })}/>`,
    ),
    '    </properties>',
    ...cases.map((one) => caseOf(row.id, one)),
    '  </testsuite>',
  ].join('\n');
}

function casesOf(row: RowReport): readonly Case[] {
  const whole: Case = { name: 'row', time: seconds(row.durationMs), outcome: outcomeOf(row) };
  return [
    whole,
    ...row.steps.map((step) => ({
      name: `step ${step.name}`,
      time: seconds(step.durationMs),
      outcome: stepOutcome(step),
    })),
    ...row.cells.map((cell) => ({ name: cell.check, time: '0', outcome: cellOutcome(cell) })),
  ];
}

function outcomeOf({ outcome, reason, problems }: RowReport): Case['outcome'] {
  if (outcome === 'not-run') return { kind: 'skipped', message: `not run: ${reason ?? ''}` };
  if (outcome === 'as-expected') return { kind: 'passed' };
  return { kind: 'failure', message: problems[0] ?? 'problems', text: problems.join('\n') };
}

function stepOutcome({ status, says }: StepReport): Case['outcome'] {
  if (status === 'passed') return { kind: 'passed' };
  if (status === 'not-run') return { kind: 'skipped', message: `not run: ${says}` };
  return { kind: 'failure', message: says.split('\n')[0] ?? '', text: says };
}

function cellOutcome({ verdict, because, before, after }: CellReport): Case['outcome'] {
  const last = after ?? before;
  switch (verdict) {
    case 'passed':
    case 'mended':
      return { kind: 'passed' };
    case 'known':
      return { kind: 'skipped', message: `fails as expected: ${because ?? ''}` };
    case 'failed':
      return { kind: 'failure', message: last?.evidence[0] ?? 'failed', text: wordsOf(last) };
    case 'unproven':
      return { kind: 'failure', message: 'holds where a failure is expected', text: wordsOf(last) };
    case 'not-applicable':
      return { kind: 'skipped', message: `not applicable: ${last?.reason ?? ''}` };
    case 'not-run':
      return { kind: 'skipped', message: `not run: ${last?.reason ?? ''}` };
  }
}

function wordsOf(finding: FindingReport | null): string {
  if (finding === null) return '';
  const { evidence, why, mend, code } = finding;
  const more = [
    why === null ? '' : `why: ${why}`,
    code === null ? '' : `code: ${code} (${finding.class ?? ''})`,
    mend === null ? '' : `mend: ${mend}`,
  ];
  return [...evidence, ...more.filter((line) => line !== '')].join('\n');
}

function caseOf(suite: string, { name, time, outcome }: Case): string {
  const head = attributes({ classname: suite, name, time });
  if (outcome.kind === 'passed') return `    <testcase ${head}/>`;
  const message = attributes({ message: outcome.message.slice(0, 1000) });
  const inner =
    outcome.kind === 'skipped'
      ? `<skipped ${message}/>`
      : `<failure ${message} type="failed">${escapeMarkup(outcome.text)}</failure>`;
  return `    <testcase ${head}>${inner}</testcase>`;
}

function countsOf(cases: readonly Case[]): Readonly<Record<string, string>> {
  const count = (kind: Case['outcome']['kind']): string =>
    String(cases.filter(({ outcome }) => outcome.kind === kind).length);
  return {
    tests: String(cases.length),
    failures: count('failure'),
    errors: '0',
    skipped: count('skipped'),
  };
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeMarkup(value).replaceAll('\n', '&#10;')}"`)
    .join(' ');
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}
