import {
  type CellReport,
  type FindingReport,
  type MatrixReport,
  matrixReportSchema,
  reportFormat,
  type RowReport,
} from '../../../matrix-tests/report/matrix-report.ts';

/** Evidence as images write it: markup, control characters, bytes that are no UTF-8 as they are shown, half a surrogate pair. */
export const nasty =
  '<script>alert(1)</script> & "quoted" \'so\' ]]> \u0000\u0007\u001b[31m \uFFFF \uD800 é 😀';

export function madeFinding(over: Partial<FindingReport> = {}): FindingReport {
  return {
    status: 'passed',
    evidence: ['seen'],
    reason: null,
    code: null,
    class: null,
    why: null,
    mend: null,
    place: null,
    ...over,
  };
}

export const failedFinding = madeFinding({
  status: 'failed',
  evidence: ['/etc/sudoers:31: a syntax error', nasty],
  code: 'base_sudoers_broken',
  class: 'author',
  why: 'nobody can use sudo',
  mend: 'Remove line 31.',
  place: '/etc/sudoers:31',
});

export function madeCell(over: Partial<CellReport> = {}): CellReport {
  return {
    check: 'sudoers-parses',
    verdict: 'passed',
    because: null,
    before: madeFinding(),
    after: madeFinding(),
    ...over,
  };
}

export function madeRow(over: Partial<RowReport> = {}): RowReport {
  return {
    id: 'ubuntu-18.04',
    title: 'Ubuntu 18.04 LTS',
    kind: 'reconstruction',
    source: 'reconstruction from recorded facts',
    release: 'ubuntu-18.04',
    outcome: 'as-expected',
    reason: null,
    problems: [],
    digest: 'b3:1234',
    steps: [
      { name: 'setup', status: 'passed', says: '12 changes', durationMs: 300 },
      { name: 'undo', status: 'passed', says: 'the same digest', durationMs: 200 },
    ],
    cells: [madeCell()],
    durationMs: 2_100,
    ...over,
  };
}

export const missingRow = madeRow({
  id: 'ubuntu-18.04-pulled',
  kind: 'pulled',
  outcome: 'not-run',
  reason: 'registry-1.docker.io has no address <no>',
  digest: null,
  steps: [{ name: 'prepare', status: 'not-run', says: 'no address', durationMs: 3 }],
  cells: [],
});

export function madeReport(rows: readonly RowReport[]): MatrixReport {
  return matrixReportSchema.parse({
    format: reportFormat,
    version: '0.1.0',
    startedAt: '2026-11-22T18:00:00.000Z',
    durationMs: 12_345,
    machine: 'linux/x64, 2 processors',
    on: ['tree', 'container'],
    checks: [
      { id: 'sudoers-parses', title: 'no line locks everybody out', on: 'tree' },
      { id: 'sudo-works', title: `sudo works <b>&</b>`, on: 'container' },
    ],
    rows,
  });
}
