import { escapeMarkup as text } from '../escape.ts';
import type {
  CellReport,
  CheckReport,
  FindingReport,
  RowReport,
  StepReport,
  Verdict,
} from '../matrix-report.ts';

export interface VerdictWords {
  readonly letter: string;
  readonly words: string;
}

/** What a cell shows, and what that means. */
export const verdictWords: Readonly<Record<Verdict, VerdictWords>> = {
  passed: { letter: 'P', words: 'passed' },
  mended: { letter: 'M', words: 'mended by the setup: failed before' },
  known: { letter: 'K', words: 'known: fails as it must, and is not for a setup to mend' },
  failed: { letter: 'F', words: 'failed' },
  unproven: { letter: 'U', words: 'unproven: a failure was expected, and it holds' },
  'not-applicable': { letter: '–', words: 'not applicable' },
  'not-run': { letter: 'N', words: 'not run' },
};

/** A cell of the grid: its letter, and on a click all that was seen. */
export function cellOf(row: RowReport, check: CheckReport, isFirst: boolean): string {
  const cell = row.cells.find((one) => one.check === check.id);
  if (cell === undefined) return emptyCell(row, check, isFirst);
  const { letter, words } = verdictWords[cell.verdict];
  const last = cell.after ?? cell.before;
  const seen = last?.evidence[0] ?? last?.reason ?? '';
  return td({
    verdict: cell.verdict,
    isFirst,
    letter,
    hover: `${check.id}: ${words}${seen === '' ? '' : `\n${seen}`}`,
    inner: [
      `<h3><code>${text(check.id)}</code> ${text(check.title)}</h3>`,
      `<p class="soft">${text(row.title)} (${text(row.id)}), ${text(row.kind)} · ${text(words)}${cell.because === null ? '' : `: ${text(cell.because)}`}</p>`,
      `<div class="sides">${sides(cell)}</div>`,
    ].join(''),
  });
}

function emptyCell(row: RowReport, check: CheckReport, isFirst: boolean): string {
  const { letter } = verdictWords['not-run'];
  return td({
    verdict: 'not-run',
    isFirst,
    letter,
    hover: `${check.id}: not looked at in this row`,
    inner: `<h3><code>${text(check.id)}</code> ${text(check.title)}</h3><p class="soft">${text(row.title)} · not run: ${text(whyEmpty(row, check))}</p>`,
  });
}

function whyEmpty({ kind, steps }: RowReport, check: CheckReport): string {
  const failed = steps.find(({ status }) => status === 'failed');
  if (failed !== undefined) return `${failed.name} failed`;
  return check.on === 'tree' || kind === 'real' || kind === 'pulled'
    ? 'nobody looked'
    : 'the programs of a reconstruction cannot be run';
}

/** The steps of a row that are columns: that it can be set up, that twice is as once, that it can be undone. */
export const shownSteps = ['setup', 'setup-again', 'undo'] as const;

export const stepTitles: Readonly<Record<(typeof shownSteps)[number], string>> = {
  setup: 'set up',
  'setup-again': 'twice is as once',
  undo: 'undone',
};

export function stepCell(row: RowReport, name: (typeof shownSteps)[number]): string {
  const step = row.steps.find((one) => one.name === name);
  const verdict = step?.status ?? 'not-run';
  const { letter, words } = verdictWords[verdict];
  return td({
    verdict,
    isFirst: name === 'setup',
    letter,
    hover: `${stepTitles[name]}: ${step === undefined ? words : `${step.status}\n${step.says}`}`,
    inner: `<h3>Steps of ${text(row.id)}</h3>${stepList(row.steps)}`,
  });
}

function stepList(steps: readonly StepReport[]): string {
  return steps
    .map(
      ({ name, status, says, durationMs }) =>
        `<p><code>${text(name)}</code> ${text(status)}, ${(durationMs / 1000).toFixed(2)} s: ${text(says)}</p>`,
    )
    .join('');
}

interface Td {
  readonly verdict: Verdict;
  readonly isFirst: boolean;
  readonly letter: string;
  readonly hover: string;
  readonly inner: string;
}

function td({ verdict, isFirst, letter, hover, inner }: Td): string {
  const summary = `<summary title="${text(hover)}">${letter}</summary>`;
  return `<td class="v-${verdict}${isFirst ? ' first' : ''}"><details name="cell">${summary}<div class="found">${inner}</div></details></td>`;
}

function sides({ before, after }: CellReport): string {
  return [
    ...(after === null ? [] : [side('After the setup', after)]),
    ...(before === null ? [] : [side('In the base as it is', before)]),
  ].join('');
}

function side(heading: string, finding: FindingReport): string {
  const { status, evidence, reason, why, mend, place, code } = finding;
  return [
    `<div><h4>${heading}: ${text(status)}</h4>`,
    evidence.length === 0 ? '' : `<pre class="mono">${text(evidence.join('\n'))}</pre>`,
    line('reason', reason),
    line('at', place),
    line('why it matters', why),
    line('mend', mend),
    line('to act', code === null ? null : `${finding.class ?? ''} (${code})`),
    '</div>',
  ].join('');
}

function line(name: string, value: string | null): string {
  return value === null || value === '' ? '' : `<p><b>${name}</b> ${text(value)}</p>`;
}
